"""KOMOJU API v1 as its provider page describes it."""
