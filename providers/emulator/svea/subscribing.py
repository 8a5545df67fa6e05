"""The calls about subscriptions (section 8). Switch `wrapped_subscriptions`: the list stands in an object."""

from ..records import Account, Json
from ..wire import Answer, Call, json_answer
from ..world import World
from . import fields, notices
from .errors import Problem


def _made(account: Account) -> list[Json]:
    return list(account.switches.get("subscriptions", []))


def _find(account: Account, call: Call) -> tuple[list[Json], int]:
    rows = _made(account)
    for place, row in enumerate(rows):
        if row["SubscriptionId"] == call.args["subscription"]:
            return rows, place
    raise Problem(404, "There is no such subscription.")


def _read(call: Call) -> Json:
    body = fields.body_of(call)
    uri, events = body.get("callbackuri"), body.get("events")
    if not isinstance(uri, str) or not uri.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise Problem(400, "CallbackUri is not valid.", "CallbackUri")
    if not isinstance(events, list) or not events:
        raise Problem(400, "Events is not valid.", "Events")
    return {"CallbackUri": uri, "Events": events, "Secret": body.get("secret") or ""}


def add(world: World, account: Account, call: Call) -> Answer:
    """POST subscriptions."""
    row = {**_read(call), "SubscriptionId": world.ledger.new_uuid(), "ping": None}
    notices.keep(world, account, [*_made(account), row])
    return json_answer(200, {"SubscriptionId": row["SubscriptionId"]})


def listing(world: World, account: Account, _call: Call) -> Answer:
    """GET subscriptions/."""
    shown = [
        {
            "SubscriptionId": row["SubscriptionId"],
            "CallbackUri": row["CallbackUri"],
            "Events": row["Events"],
            "Verified": notices.is_verified(world, row),
        }
        for row in _made(account)
    ]
    return json_answer(200, {"Subscriptions": shown} if account.switches.get("wrapped_subscriptions") else shown)


def put(world: World, account: Account, call: Call) -> Answer:
    """PUT subscriptions/{id}: another address has to be verified again; without a secret signing ends."""
    rows, place = _find(account, call)
    changed = {**rows[place], **_read(call)}
    if changed["CallbackUri"] != rows[place]["CallbackUri"]:
        changed["ping"] = None
    rows[place] = changed
    notices.keep(world, account, rows)
    return Answer(204, b"")


def verify(world: World, account: Account, call: Call) -> Answer:
    """POST subscriptions/{id}/verify: a Ping goes out."""
    rows, place = _find(account, call)
    sent = notices.send(world, account, rows[place], {"EventName": "Ping"})
    rows[place] = {**rows[place], "ping": sent.n}
    notices.keep(world, account, rows)
    return Answer(204, b"")


def delete(world: World, account: Account, call: Call) -> Answer:
    """DELETE subscriptions/{id}."""
    rows, place = _find(account, call)
    del rows[place]
    notices.keep(world, account, rows)
    return Answer(204, b"")
