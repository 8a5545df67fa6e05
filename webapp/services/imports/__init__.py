"""Orders that come in by a CSV file: stored, checked, written unseen, shown all at once (docs/adr/0013)."""
