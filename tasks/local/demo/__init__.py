"""The demo data of `make run`: people, two shops, and orders in every state, made through the emulator."""
