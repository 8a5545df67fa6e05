"""KOMOJU API v1, version 2025-01-28. Sections named in this package are those of the KOMOJU provider page."""
