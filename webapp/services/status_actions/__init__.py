"""Status actions: the shop's two tables, what a change of status fires, and how it is carried out (product.md 7)."""
