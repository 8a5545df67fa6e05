"""Comparing payments with their providers, and the cases of what does not add up (R28)."""
