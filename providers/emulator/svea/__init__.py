"""Svea: Payment Admin, what the back office needs of Checkout, and its events (page svea.md)."""
