"""Tests of the jobs' pages."""
