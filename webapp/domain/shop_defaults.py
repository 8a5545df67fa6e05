"""What a new shop starts with: its order statuses and refund reasons (product.md sections 1 and 4)."""

STATUSES = (
    ("new", "New"),
    ("paid", "Paid"),
    ("shipped", "Shipped"),
    ("completed", "Completed"),
    ("cancelled", "Cancelled"),
)
"""Kind, which is the first code too, and first name. The shop may rename them; rules ask for the kind."""

REASONS = (
    ("returned", False),
    ("damaged", False),
    ("not_delivered", False),
    ("wrong_item", False),
    ("duplicate_order", False),
    ("price_adjustment", False),
    ("order_cancelled", False),
    ("goodwill", False),
    ("suspected_fraud", False),
    ("other", True),
)
"""Code, and whether a comment is needed. Without a name of the shop's own, pages translate the code."""
