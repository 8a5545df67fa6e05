"""Figures beside limits or plain baselines of the same run: `make bench`."""
