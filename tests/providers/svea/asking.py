"""Wishes on orders of `samples`, and what becomes of them: a call, or a refusal with its reason."""

import json
from decimal import Decimal

import pytest

from providers.errors import RequestNotPossible
from providers.kinds import OperationKind
from providers.lines import OrderLine
from providers.money import Money
from providers.port import MoneyRequest
from providers.references import short_code
from providers.svea import requests
from tests.providers.svea import samples

CAPTURE, CANCEL = OperationKind.CAPTURE, OperationKind.CANCEL
REFUND, UPDATE = OperationKind.REFUND, OperationKind.UPDATE
OPERATION = "0b7a1d3c-6f1e-4b5a-9c55-0d5b4f7a1e2d"
CODE = short_code(OPERATION)


def line(ref, quantity="1", total=50000, unit=None, **changed):
    """A line of the order, by Svea's row id."""
    quantity = Decimal(quantity)
    unit = int(total / quantity) if unit is None else unit
    return OrderLine(f"Thing {ref}", quantity, unit, total, 2500, 0, provider_line_ref=ref, **changed)


def prepare(kind, body, minor, **changed):
    usual = {
        "kind": kind,
        "operation_id": OPERATION,
        "key": "k",
        "payment_ref": samples.ORDER_REF,
        "money": Money(minor, "SEK"),
        "whole_rest": False,
        "reason": "returned",
        "payment": samples.facts(body),
    }
    return requests.prepare(MoneyRequest(**{**usual, **changed}))


def sent(kind, body, minor, **changed):
    """Method, path after the order's address, and body."""
    call = prepare(kind, body, minor, **changed)
    assert call.path.startswith(f"/api/v1/orders/{samples.ORDER_REF}")
    return call.method, call.path.removeprefix(f"/api/v1/orders/{samples.ORDER_REF}"), json.loads(call.body)


def refused(kind, body, minor, **changed):
    with pytest.raises(RequestNotPossible) as refusal:
        prepare(kind, body, minor, **changed)
    return refusal.value.why
