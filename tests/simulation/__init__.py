"""Deterministic simulation (T2) of the real engine, and the seeded mistakes (T3) that it must find."""
