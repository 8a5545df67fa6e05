"""Backups: taken while the desk works, sealed, checked by a drill, and restored into recovery mode (R29, K20)."""
