"""Klarna's Order Management API, and Kustom, which serves the same API on hosts of its own."""
