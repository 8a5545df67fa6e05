"""Deliveries, whole, in part, or with the rest given back (section 3, calls 2 and 3); each is a task."""

from ..records import Json
from . import fields
from .desk import Desk, rows_of
from .errors import Problem, not_allowed
from .render import plain
from .rules import DELIVERED, KINDS, open_rows, row_actions, row_total


def check_deliver(desk: Desk) -> None:
    """POST .../deliveries: whether it may be accepted."""
    desk.need("CanDeliverOrder")
    chosen, parts = _to_deliver(desk)
    everything = {row["OrderRowId"] for row in open_rows(desk.picture)}
    if not chosen or (set(chosen) == everything and not parts):
        return
    desk.need("CanDeliverPartially")
    for row in rows_of(desk, chosen):
        if "CanDeliverRow" not in row_actions(desk.picture, row):
            raise not_allowed("CanDeliverRow")


def _to_deliver(desk: Desk) -> tuple[list[int], dict[int, int]]:
    """The rows that are named, and quantities smaller than theirs."""
    body = fields.body_of(desk.call)
    chosen = fields.ids(body)
    wanted = fields.quantities(body, "RowDeliveryOptions", chosen)
    sizes = {row["OrderRowId"]: row["Quantity"] for row in rows_of(desk, chosen)}
    if any(quantity > sizes[row_id] for row_id, quantity in wanted.items()):
        raise Problem(400, "Quantity is more than the row has.", "RowDeliveryOptions")
    return chosen, {row_id: quantity for row_id, quantity in wanted.items() if quantity < sizes[row_id]}


def deliver(desk: Desk, delivery_id: int) -> None:
    """Carry out a delivery that was accepted."""
    check_deliver(desk)
    chosen, parts = _to_deliver(desk)
    picture = desk.picture
    going = rows_of(desk, chosen) or open_rows(picture)
    moved = [{**row, "Quantity": parts.get(row["OrderRowId"], row["Quantity"])} for row in going]
    staying = []
    for row in picture["rows"]:
        part = parts.get(row["OrderRowId"], 0)
        if row not in going:
            staying.append(row)
        elif part:
            staying.append({**row, "Quantity": row["Quantity"] - part})
    picture["rows"] = staying
    is_all = not open_rows(picture)
    minor = desk.rest if is_all else sum(row_total(row) for row in moved)
    add_delivery(desk, delivery_id, minor + desk.call.twist_minor, moved)
    if is_all:
        picture["status"] = DELIVERED
    desk.post("capture", minor + desk.call.twist_minor)


def check_lower(desk: Desk) -> None:
    """POST .../deliveries/DeliverAndLowerAmount: whether it may be accepted."""
    desk.need("CanDeliverOrder", "CanCancelAmount")
    wanted = fields.whole(fields.body_of(desk.call), "DeliveredAmount", least=1)
    if wanted > desk.rest:
        raise Problem(400, "DeliveredAmount is more than the order has.", "DeliveredAmount", 50003)


def lower(desk: Desk, delivery_id: int) -> None:
    """Deliver less and give back the rest; all rows count as delivered."""
    check_lower(desk)
    wanted = fields.whole(fields.body_of(desk.call), "DeliveredAmount", least=1) + desk.call.twist_minor
    rest = desk.rest - wanted
    add_delivery(desk, delivery_id, wanted, open_rows(desk.picture))
    desk.picture |= {"rows": [], "status": DELIVERED}
    desk.post("capture", wanted)
    if rest > 0:
        desk.picture["cancelled_amount"] += rest
        desk.post("cancel", rest)


def add_delivery(desk: Desk, delivery_id: int, minor: int, rows: list[Json]) -> None:
    """Add a delivery to the picture."""
    kind = KINDS[desk.picture["type"]]
    now = desk.world.clock.now()
    desk.picture["deliveries"].append(
        {
            "Id": delivery_id,
            "CreationDate": plain(now),
            "InvoiceId": delivery_id + 10**6 if kind.delivery_status else None,
            "DeliveryAmount": minor,
            "CreditedAmount": 0,
            "Credits": [],
            "Status": kind.delivery_status,
            "DueDate": None,
            "OrderRows": rows,
            "settled": False,
            "waiting": None,
        }
    )
    desk.picture["event"] = {"DeliveryId": delivery_id}
