"""Calls that speak of order rows: deliver, credit, cancel or replace them (section 3). Quantities in hundredths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from providers.errors import RequestNotPossible
from providers.kinds import NotOffered
from providers.lines import LineKind, OrderLine, rounded
from providers.svea import actions
from providers.svea.order import Delivery, Order, Row
from providers.svea.reading_orders import row_total
from providers.svea.wire import Call

MOST_ROWS = 1000
NAME_LENGTH, ARTICLE_LENGTH, UNIT_LENGTH = 40, 256, 4


def to_deliver(lines: Sequence[OrderLine], order: Order, minor: int) -> dict[str, Any]:
    """Body that delivers these rows and quantities. Raises RequestNotPossible."""
    rows = [row for row in order.open_rows if actions.DELIVER_ROW in row.actions]
    chosen = _chosen(lines, rows)
    if sum(_part(row, quantity) for row, quantity in chosen) != minor:
        raise RequestNotPossible(NotOffered.LINES_DO_NOT_SUM)
    return {
        "OrderRowIds": [row.id for row, _ in chosen],
        "RowDeliveryOptions": [{"OrderRowId": row.id, "Quantity": quantity} for row, quantity in chosen],
    }


def to_credit(lines: Sequence[OrderLine], delivery: Delivery, minor: int, *, with_parts: bool) -> dict[str, Any] | None:
    """Body that credits these rows; None where rows alone cannot give back exactly this.

    Raises RequestNotPossible for lines that are no creditable rows.
    """
    chosen = _chosen(lines, delivery.creditable_rows)
    parts = [(row, quantity) for row, quantity in chosen if quantity != row.quantity]
    if sum(_part(row, quantity) for row, quantity in chosen) != minor or (parts and not with_parts):
        return None
    body: dict[str, Any] = {"OrderRowIds": [row.id for row, _ in chosen]}
    if parts:
        options = [{"OrderRowId": row.id, "Quantity": quantity} for row, quantity in chosen]
        body["RowCreditingOptions"] = options
    return body


def whole_rows(lines: Sequence[OrderLine], rows: Sequence[Row], minor: int) -> list[int]:
    """Ids of the rows that the lines stand for, all of each. Raises RequestNotPossible."""
    chosen = _chosen(lines, rows)
    if any(quantity != row.quantity for row, quantity in chosen) or sum(row.total for row, _ in chosen) != minor:
        raise RequestNotPossible(NotOffered.LINES_DO_NOT_SUM)
    return [row.id for row, _ in chosen]


def gone(remaining: Sequence[OrderLine], order: Order, minor: int) -> list[int]:
    """Ids of the rows that `remaining` no longer holds; what it holds must be unchanged. Raises RequestNotPossible."""
    stays = dict.fromkeys(row.id for row, quantity in _chosen(remaining, order.open_rows) if quantity == row.quantity)
    if len(stays) != len(remaining):
        raise RequestNotPossible(NotOffered.PART_NOT_SUPPORTED)
    going = [row for row in order.open_rows if row.id not in stays]
    allowed = {row.id for row in order.cancellable_rows}
    if not going or not allowed.issuperset(row.id for row in going):
        raise RequestNotPossible(NotOffered.NOT_ALLOWED_NOW)
    if sum(row.total for row in going) != minor:
        raise RequestNotPossible(NotOffered.LINES_DO_NOT_SUM)
    return [row.id for row in going]


def cancelling(row_ids: Sequence[int]) -> Call:
    """The call that cancels rows."""
    return Call("PATCH", "/rows/cancelOrderRows", {"OrderRowIds": list(row_ids)})


def replacing(lines: Sequence[OrderLine], new_total: int) -> Call:
    """The call that puts these rows in place of all others. Raises RequestNotPossible."""
    if len(lines) > MOST_ROWS:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    if sum(line.total_minor for line in lines) != new_total or new_total <= 0:
        raise RequestNotPossible(NotOffered.LINES_DO_NOT_SUM)
    return Call("PUT", "/rows/replaceOrderRows", {"OrderRows": [_wire_row(line) for line in lines]})


def _wire_row(line: OrderLine) -> dict[str, Any]:
    quantity = _hundredths(line)
    if row_total(line.unit_price_minor, quantity, discount=line.discount_minor) != line.total_minor:
        raise RequestNotPossible(NotOffered.LINES_DO_NOT_SUM)
    row: dict[str, Any] = {
        "ArticleNumber": line.reference[:ARTICLE_LENGTH],
        "Name": " ".join(line.name.split())[:NAME_LENGTH] or "-",
        "Quantity": quantity,
        "UnitPrice": line.unit_price_minor,
        "DiscountAmount": line.discount_minor,
        "VatPercent": line.tax_rate_bp,
        "Unit": line.unit[:UNIT_LENGTH],
    }
    if line.kind is LineKind.SHIPPING:
        row["RowType"] = "ShippingFee"
    return {name: value for name, value in row.items() if value != "" and (name, value) != ("DiscountAmount", 0)}


def _chosen(lines: Sequence[OrderLine], rows: Sequence[Row]) -> list[tuple[Row, int]]:
    """Each line's row and quantity. Raises RequestNotPossible for one that is not among `rows`, or twice."""
    by_id = {str(row.id): row for row in rows}
    found: dict[int, tuple[Row, int]] = {}
    for line in lines:
        row = by_id.get(line.provider_line_ref or "")
        quantity = _hundredths(line)
        if row is None or row.id in found or quantity > row.quantity:
            raise RequestNotPossible(NotOffered.NOT_ALLOWED_NOW)
        found[row.id] = (row, quantity)
    return list(found.values())


def _part(row: Row, quantity: int) -> int:
    """What a part of a row comes to; all of it exactly its total."""
    return row.total if quantity == row.quantity else rounded(row.total * quantity, row.quantity)


def _hundredths(line: OrderLine) -> int:
    """The quantity on the wire: 1 piece = 100. Raises RequestNotPossible for what that cannot say."""
    scaled = line.quantity * 100
    if scaled != scaled.to_integral_value() or not 0 < scaled < 10**9:
        raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
    return int(scaled)
