"""What the order pages need: the list, the order, its notes, and the list as a file."""
