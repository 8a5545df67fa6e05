"""The local installation: everything that `make run` starts on one machine, for development and trials."""
