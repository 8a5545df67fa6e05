"""A payment's own state: read from the provider, booked in the ledger."""
