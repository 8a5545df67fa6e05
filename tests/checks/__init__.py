"""Checks of our own that `make lint` runs, each as a module."""
