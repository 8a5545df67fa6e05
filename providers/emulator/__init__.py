"""Every provider's wire protocol over HTTP, for development and tests: one ledger, faults on demand.

It shares no code with the adapters, so a misunderstanding cannot hide on both sides at once.
"""
