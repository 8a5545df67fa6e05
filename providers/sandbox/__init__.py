"""The port straight on the emulator's ledger, in one process and without HTTP: for service tests and simulation."""
