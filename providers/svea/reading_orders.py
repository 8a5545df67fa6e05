"""From the JSON of `GET /api/v1/orders/{id}` to an `Order`; null, [] and missing lists are the same (section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.lines import rounded
from providers.reading import Unreadable, an_array, an_object, optional_text, whole_number
from providers.svea.actions import known
from providers.svea.order import Credit, Delivery, Order, Row, code_in


def order(answer: Any) -> Order:
    """The order in `answer`, whose names are in lower case. Raises Unreadable."""
    found = an_object(answer, "order")
    deliveries = [_delivery(one) for one in an_array(found.get("deliveries"), "deliveries")]
    return Order(
        id=whole_number(found, "id"),
        currency=(optional_text(found, "currency") or "").upper(),
        status=(optional_text(found, "orderstatus") or "").upper(),
        system_status=(optional_text(found, "systemstatus") or "").upper(),
        payment_type=method_word(found),
        amount=whole_number(found, "orderamount"),
        cancelled=whole_number(found, "cancelledamount"),
        rows=_rows(found),
        deliveries=sorted(deliveries, key=lambda one: (one.created, one.id)),
        actions=_actions(found),
    )


def method_word(found: Mapping[str, Any]) -> str:
    """Svea's word for how the buyer pays, the more exact of its two."""
    payment = an_object(found.get("payment") or {}, "payment")
    return optional_text(payment, "paymentmethodtype") or optional_text(found, "paymenttype") or ""


def row_total(unit_price: int, quantity: int, discount_percent: int = 0, discount: int = 0) -> int:
    """UnitPrice x Quantity less the discount, rounded half away from zero (section 1.3; the rule is unconfirmed)."""
    return rounded(unit_price * quantity * (10000 - discount_percent), 100 * 10000) - discount


def _delivery(value: Any) -> Delivery:
    found = an_object(value, "delivery")
    return Delivery(
        id=whole_number(found, "id"),
        amount=_amount(found, "deliveryamount"),
        credited=_amount(found, "creditedamount"),
        rows=_rows(found),
        credits=[_credit(one) for one in an_array(found.get("credits"), "credits")],
        actions=_actions(found),
        created=optional_text(found, "creationdate") or "",
    )


def _credit(value: Any) -> Credit:
    """Amounts and quantities are negative here; the sign of a new row is unconfirmed, so it is not looked at."""
    found = an_object(value, "credit")
    rows = _rows(found)
    return Credit(
        amount=abs(whole_number(found, "amount")),
        by_vat=[(row.vat, abs(row.total)) for row in rows],
        code=code_in([row.name for row in rows]),
        rows=rows,
    )


def _rows(of: Mapping[str, Any]) -> list[Row]:
    return [_row(one) for one in an_array(of.get("orderrows"), "orderrows")]


def _row(value: Any) -> Row:
    found = an_object(value, "order row")
    quantity, unit_price = whole_number(found, "quantity"), whole_number(found, "unitprice")
    discounts = (_optional_number(found, "discountpercent"), _optional_number(found, "discountamount"))
    return Row(
        id=whole_number(found, "orderrowid"),
        quantity=quantity,
        total=row_total(unit_price, quantity, *discounts),
        vat=_optional_number(found, "vatpercent"),
        actions=_actions(found),
        is_cancelled=found.get("iscancelled") is True,
        unit_price=unit_price,
        name=optional_text(found, "name") or "",
        article=optional_text(found, "articlenumber") or "",
        unit=optional_text(found, "unit") or "",
        kind=optional_text(found, "rowtype") or "",
    )


def _amount(of: Mapping[str, Any], name: str) -> int:
    value = whole_number(of, name)
    if value < 0:
        raise Unreadable(f"{name} is below zero")
    return value


def _optional_number(of: Mapping[str, Any], name: str) -> int:
    return 0 if of.get(name) is None else whole_number(of, name)


def _actions(of: Mapping[str, Any]) -> frozenset[str]:
    return known(str(word) for word in an_array(of.get("actions"), "actions"))
