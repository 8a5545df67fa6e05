"""Plain rules: what may happen to money, and when. No framework, no database, no network."""
