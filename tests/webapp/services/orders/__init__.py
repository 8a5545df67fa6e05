"""Tests of the order services."""
