"""The demo data of `make run`: people, a tea shop, and orders in every state, made through the emulator."""
