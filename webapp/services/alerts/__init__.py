"""Alerts: what is wrong is a row as long as it lasts, and one mail (R47)."""
