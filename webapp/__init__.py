"""Paydesk: a self-hosted desk for the payments of small merchants."""
