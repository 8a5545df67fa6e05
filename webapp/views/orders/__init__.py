"""Orders: the list, one order, its notes, and taking a payment in by the provider's reference."""

from flask import Blueprint

bp = Blueprint("orders", __name__, url_prefix="/orders")

from webapp.views.orders import adding, lists, showing, statuses  # noqa: E402, F401 - they hang their views on `bp`
