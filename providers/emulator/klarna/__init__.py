"""Klarna's Order Management API as its provider page describes it."""
