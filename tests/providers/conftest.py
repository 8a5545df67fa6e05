"""Fixtures for adapters: a running emulator per test."""

from tests.emulator import emulator

__all__ = ["emulator"]
