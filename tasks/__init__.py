"""Background work: thin tasks, the relay, the sweep and the processes that run them."""
