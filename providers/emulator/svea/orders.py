"""Reading, cancelling and changing orders (section 3, calls 1, 4 to 6 and 12); all of them at once."""

from ..records import Account, Json
from ..wire import Answer, Call, json_answer
from ..world import World
from . import fields
from .desk import Desk, desk_of, rows_of
from .errors import Problem, not_allowed
from .render import order_json
from .rules import CANCELLED, DELIVERED, open_rows, row_actions, row_total

DONE = Answer(200, b"")  # which 2xx is not documented


def read(world: World, account: Account, call: Call) -> Answer:
    """GET /api/v1/orders/{id}."""
    return json_answer(200, order_json(desk_of(world, account, call, fresh=False).payment, account))


def change(world: World, account: Account, call: Call) -> Answer:
    """PATCH /api/v1/orders/{id}: cancel the order, or raise the cancelled amount."""
    desk, body = desk_of(world, account, call), fields.body_of(call)
    if body.get("iscancelled") is True:
        cancel_order(desk)
    else:
        desk.need("CanCancelAmount")
        cancel_to(desk, fields.whole(body, "CancelledAmount"))
    return DONE


def cancel_order(desk: Desk) -> None:
    """Irreversible. After delivery everything goes back; of a partly delivered order it is not documented."""
    desk.need("CanCancelOrder")
    picture = desk.picture
    if picture["deliveries"] and picture["status"] != DELIVERED:
        raise Problem(400, "A partly delivered order cannot be cancelled as a whole.")
    for row in picture["rows"]:
        row["IsCancelled"] = True
    picture |= {"status": CANCELLED, "cancelled_amount": picture["order_amount"], "event": {}}
    if picture["deliveries"]:
        desk.post("refund", desk.left)
    else:
        desk.post("cancel", desk.rest)


def cancel_to(desk: Desk, target: int) -> None:
    """The cancelled amount reaches `target`: a total, not an addition."""
    picture = desk.picture
    if not picture["cancelled_amount"] < target <= picture["order_amount"]:
        message = "CancelledAmount has to be higher than before and at most the order amount."
        raise Problem(400, message, "CancelledAmount", 50002)
    minor = target - picture["cancelled_amount"] + desk.call.twist_minor
    picture |= {"cancelled_amount": picture["cancelled_amount"] + minor, "event": {}}
    after_delivery = bool(picture["deliveries"])
    if minor >= (desk.left if after_delivery else desk.rest):
        picture["status"] = CANCELLED
    desk.post("refund" if after_delivery else "cancel", minor)


def cancel_rows(world: World, account: Account, call: Call) -> Answer:
    """PATCH .../rows/cancelOrderRows. Switch `rows_uncounted`: `CancelledAmount` does not count rows."""
    desk = desk_of(world, account, call)
    desk.need("CanCancelOrderRow")
    chosen = rows_of(desk, fields.ids(fields.body_of(call)))
    if not chosen:
        raise Problem(400, "OrderRowIds is empty.", "OrderRowIds")
    for row in chosen:
        if "CanCancelRow" not in row_actions(desk.picture, row):
            raise not_allowed("CanCancelRow")
    minor = sum(row_total(row) for row in chosen)
    for row in chosen:
        row["IsCancelled"] = True
    picture = desk.picture
    picture["cancelled_amount"] += 0 if account.switches.get("rows_uncounted") else minor
    picture["event"] = {}
    if not open_rows(picture):
        picture["status"] = DELIVERED if picture["deliveries"] else CANCELLED
    desk.post("cancel", minor + call.twist_minor)
    return DONE


def replace_rows(world: World, account: Account, call: Call) -> Answer:
    """PUT .../rows/replaceOrderRows. Switches: `credit_limit`, `amount_stays` (OrderAmount does not follow)."""
    desk = desk_of(world, account, call)
    desk.need("CanUpdateOrderRow")
    picture = desk.picture
    if picture["deliveries"]:
        raise Problem(400, "The order is delivered in part.")
    rows = fields.rows(fields.body_of(call), "OrderRows")
    total = sum(row_total(row) for row in rows) + call.twist_minor
    limit = account.switches.get("credit_limit")
    if total <= 0 or (limit is not None and total > limit):
        raise Problem(400, "The new total is not accepted.", "OrderRows", 50004)
    number_rows(picture, rows)
    picture["rows"] = rows
    difference = total - desk.rest
    if not account.switches.get("amount_stays"):
        picture["order_amount"] += difference
    picture["event"] = {}
    desk.post("raise" if difference > 0 else "lower", abs(difference))
    return DONE


def number_rows(picture: Json, rows: list[Json]) -> None:
    """Give new rows their ids."""
    for row in rows:
        picture["last_row"] += 1
        row["OrderRowId"] = picture["last_row"]
