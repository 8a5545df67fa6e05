"""The engine: an operation is filed, claimed, sent, recorded, and looked up while in doubt."""
