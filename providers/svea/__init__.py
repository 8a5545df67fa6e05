"""Svea's Payment Admin API."""
