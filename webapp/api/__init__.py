"""The REST API, version 1: a file per noun. create_app() registers what stands in BLUEPRINTS."""

from flask import Blueprint

from webapp.api import amounts, cancel_or_refund, description, operations, orders, payment_methods, payments
from webapp.api.calls import CALLS, bp

BLUEPRINTS: tuple[Blueprint, ...] = (bp, description.bp)

__all__ = [
    "BLUEPRINTS",
    "CALLS",
    "amounts",
    "cancel_or_refund",
    "description",
    "operations",
    "orders",
    "payment_methods",
    "payments",
]
