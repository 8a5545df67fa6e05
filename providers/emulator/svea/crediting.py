"""Giving back of a delivery: by rows, by new rows, by a total to reach (section 3, calls 13, 14 and 16)."""

import re

from ..records import Account, Json
from ..wire import Answer, Call, json_answer
from ..world import World
from . import fields
from .desk import Desk, desk_of
from .errors import Problem, not_allowed
from .rules import CANCELLED, KINDS, delivered_row_actions, delivery_actions, row_total

CODE = re.compile(r"R-[0-9A-Z]{5}")
LATE_CREDIT = "finish_credit"


def delivery_of(desk: Desk) -> Json:
    """The delivery that the path names."""
    wanted = desk.call.args.get("delivery")
    for one in desk.picture["deliveries"]:
        if wanted in (None, str(one["Id"])):
            found: Json = one
            return found
    raise Problem(404, "There is no such delivery.")


def _need(desk: Desk, delivery: Json, action: str) -> None:
    if action not in delivery_actions(desk.picture, delivery):
        raise not_allowed(action)


def left_of(delivery: Json) -> int:
    """What a delivery can still give back."""
    left: int = delivery["DeliveryAmount"] - delivery["CreditedAmount"]
    return left


def check_credit(desk: Desk) -> None:
    """POST .../credits: whether it may be accepted."""
    _read_credit(desk, delivery_of(desk))


def _read_credit(desk: Desk, delivery: Json) -> tuple[int, list[Json]]:
    """The amount and the rows of a credit as Svea lists them: quantities negative, prices positive."""
    body = fields.body_of(desk.call)
    if "newcreditorderrow" in body or "newcreditorderrows" in body:
        _need(desk, delivery, "CanCreditNewRow")
        given = body.get("newcreditorderrows") or [body.get("newcreditorderrow")]
        rows = [{**fields.row(one), "OrderRowId": 1000 + place} for place, one in enumerate(given)]
        minor = sum(row_total(row) for row in rows)
        if minor <= 0 or min(row["UnitPrice"] for row in rows) <= 0:
            raise Problem(400, "Amounts of a new credit row are positive.", "NewCreditOrderRow")
    else:
        rows = _credited_rows(desk, delivery, body)
        all_of_it = [(row["OrderRowId"], row["Quantity"]) for row in delivery["OrderRows"]]
        is_all = not delivery["CreditedAmount"] and sorted(all_of_it) == sorted(
            (row["OrderRowId"], row["Quantity"]) for row in rows
        )
        minor = left_of(delivery) if is_all else sum(row_total(row) for row in rows)
    if minor > left_of(delivery):
        raise Problem(400, "Amount exceeds what is left to credit.", "CreditedAmount", 50002)
    return minor, rows


def _credited_rows(desk: Desk, delivery: Json, body: Json) -> list[Json]:
    _need(desk, delivery, "CanCreditOrderRows")
    chosen = fields.ids(body)
    parts = fields.quantities(body, "RowCreditingOptions", chosen)
    if parts and not KINDS[desk.picture["type"]].quantities:
        raise Problem(400, "RowCreditingOptions is for invoices only.", "RowCreditingOptions")
    by_id = {row["OrderRowId"]: row for row in delivery["OrderRows"]}
    if not chosen or not set(chosen) <= by_id.keys():
        raise Problem(400, "OrderRowIds names a row that is not delivered.", "OrderRowIds")
    found = []
    for row_id in chosen:
        row = by_id[row_id]
        if "CanCreditRow" not in delivered_row_actions(desk.picture, delivery, row):
            raise not_allowed("CanCreditRow")
        quantity = parts.get(row_id, row["Quantity"] - row["credited"])
        if quantity > row["Quantity"] - row["credited"]:
            raise Problem(400, "Quantity is more than the row has.", "RowCreditingOptions")
        found.append({**row, "Quantity": quantity})
    return found


def credit(desk: Desk, _credit_id: int) -> None:
    """Carry out a credit that was accepted."""
    delivery = delivery_of(desk)
    minor, rows = _read_credit(desk, delivery)
    known = {row["OrderRowId"]: row for row in delivery["OrderRows"]}
    for row in rows:
        if row["OrderRowId"] in known:
            known[row["OrderRowId"]]["credited"] += row["Quantity"]
    code = next((found.group() for found in (CODE.search(row["Name"]) for row in rows) if found), None)
    give_back(desk, delivery, minor + desk.call.twist_minor, rows, code)


def give_back(desk: Desk, delivery: Json, minor: int, rows: list[Json], code: str | None = None) -> None:
    """Book a credit and list it; its amount is negative there."""
    listed = [{**row, "Quantity": -row["Quantity"], "Actions": []} for row in rows]
    listed = [{name: value for name, value in row.items() if name != "credited"} for row in listed]
    delivery["Credits"].append({"Amount": -minor, "Actions": [], "OrderRows": listed})
    delivery["CreditedAmount"] += minor
    picture = desk.picture
    picture["event"] = {"CreditId": desk.world.random.randrange(10**5, 10**6)}
    all_credited = picture["status"] == "Delivered" and not any(left_of(one) for one in picture["deliveries"])
    if all_credited and KINDS[picture["type"]].ends_cancelled:
        picture["status"] = CANCELLED
    desk.post("refund", minor, code)


def credit_amount(world: World, account: Account, call: Call) -> Answer:
    """PATCH .../deliveries/{id}: a total to reach. A bank pays out later, or not at all."""
    desk = desk_of(world, account, call)
    delivery = delivery_of(desk)
    _need(desk, delivery, "CanCreditAmount")
    target = fields.whole(fields.body_of(call), "CreditedAmount")
    if not delivery["CreditedAmount"] < target <= delivery["DeliveryAmount"]:
        message = "CreditedAmount has to be higher than before and at most the delivery amount."
        raise Problem(400, message, "CreditedAmount", 50002)
    minor = target - delivery["CreditedAmount"] + call.twist_minor
    if not KINDS[desk.picture["type"]].late:
        give_back(desk, delivery, minor, [])
        return json_answer(200, {"CreditId": str(desk.picture["event"]["CreditId"])})
    credit_id = world.random.randrange(10**5, 10**6)
    delivery["waiting"] = {"minor": minor, "CreditId": credit_id}
    desk.picture["event"] = {}
    desk.post("credit_waiting", minor)
    seconds = account.switches.get("late_credit_seconds")
    if seconds is not None:
        is_bad = bool(account.switches.get("late_credit_fails"))
        ending = Call(**{**vars(call), "name": LATE_CREDIT, "raw": "fail" if is_bad else "", "twist_minor": 0})
        world.postpone(account, ending, float(seconds))
    return json_answer(200, {"CreditId": str(credit_id)})


def end_late_credit(desk: Desk, *, fails: bool) -> None:
    """The bank has paid out, or has refused."""
    delivery = delivery_of(desk)
    waiting = delivery["waiting"]
    if waiting is None:
        raise Problem(400, "No credit is waiting.")
    delivery["waiting"] = None
    if not fails:
        give_back(desk, delivery, waiting["minor"], [])
        return
    desk.picture["event"] = {"CreditId": waiting["CreditId"]}
    desk.post("credit_failed", 0)
