"""Mail, once: written with its cause, handed over at most once by itself, and never silently lost (I14)."""
