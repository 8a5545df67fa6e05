"""Order management over the wire (page, section 2)."""

from ..records import Account, Cause, Json, Payment, Refused
from ..wire import Answer, Call, json_answer
from ..world import World
from . import moves
from .errors import Problem
from .fields import LARGEST_MINOR, body_of, lines, text, whole
from .moves import Words
from .render import order_json

KEY_HEADER = "klarna-idempotency-key"
PREFIX = "/klarna"
DONE = Answer(204, b"")


def own_order(world: World, account: Account, call: Call) -> Payment:
    """The order in the path; another account's is as unknown as none."""
    try:
        payment = moves.order(world, call.args["id"].lower())
    except Refused:
        payment = None
    if payment is None or payment.account != account.id:
        raise Problem(404, "No such order.", "NO_SUCH_ORDER")
    return payment


def cause_of(call: Call, reference: str | None = None) -> Cause:
    """The product as the mover; where it sends one, `reference` is its operation id."""
    return Cause("api", call.header(KEY_HEADER), call.digest, reference)


def read(world: World, account: Account, call: Call) -> Answer:
    """GET O; a stale read shows an earlier state."""
    payment = own_order(world, account, call)
    if call.as_of is not None:
        payment = world.ledger.as_of(payment.reference, call.as_of)
    return json_answer(200, order_json(payment, account))


def captures(world: World, account: Account, call: Call) -> Answer:
    """GET O/captures."""
    return json_answer(200, own_order(world, account, call).picture["captures"])


def one_capture(world: World, account: Account, call: Call) -> Answer:
    """GET O/captures/{capture_id}."""
    return _entry(own_order(world, account, call), "captures", "capture_id", call, "NO_SUCH_CAPTURE")


def one_refund(world: World, account: Account, call: Call) -> Answer:
    """GET O/refunds/{refund_id}."""
    return _entry(own_order(world, account, call), "refunds", "refund_id", call, "NOT_FOUND")


def _entry(payment: Payment, entries: str, name: str, call: Call, code: str) -> Answer:
    for entry in payment.picture[entries]:
        if entry[name] == call.args["entry"]:
            return json_answer(200, entry)
    raise Problem(404, "There is no such entry.", code)


def capture(world: World, account: Account, call: Call) -> Answer:
    """POST O/captures."""
    payment, body = own_order(world, account, call), body_of(call)
    amount = whole(body, "captured_amount")
    words = _words(body, amount, account)
    wanted = max(amount + call.twist_minor, 1)
    capture_id = moves.capture(world, payment, wanted, cause_of(call, words.reference), words)
    return _created(call, "Capture-Id", capture_id)


def refund(world: World, account: Account, call: Call) -> Answer:
    """POST O/refunds; the body of the answer is the id as a text, unless the switch `empty_refund_body` is on."""
    payment, body = own_order(world, account, call), body_of(call)
    amount = whole(body, "refunded_amount")
    words = _words(body, amount, account)
    wanted = max(amount + call.twist_minor, 1)
    refund_id = moves.refund(world, payment, wanted, cause_of(call, words.reference), words)
    answer = _created(call, "Refund-Id", refund_id)
    if account.switches.get("empty_refund_body"):
        return answer
    return json_answer(201, refund_id).having(headers=answer.headers)


def cancel(world: World, account: Account, call: Call) -> Answer:
    """POST O/cancel."""
    moves.cancel(world, own_order(world, account, call), cause_of(call))
    return DONE


def release(world: World, account: Account, call: Call) -> Answer:
    """POST O/release-remaining-authorization."""
    moves.release(world, own_order(world, account, call), cause_of(call))
    return DONE


def update(world: World, account: Account, call: Call) -> Answer:
    """PATCH O/authorization."""
    payment, body = own_order(world, account, call), body_of(call)
    amount = whole(body, "order_amount")
    text(body, "description")
    rows = lines(body, amount, must_sum=_must_sum(account))
    wanted = min(max(amount + call.twist_minor, 0), LARGEST_MINOR)
    moves.update(world, payment, wanted, rows, cause_of(call))
    return DONE


def extend(world: World, account: Account, call: Call) -> Answer:
    """POST O/extend-authorization-time."""
    moves.extend(world, own_order(world, account, call), cause_of(call))
    return DONE


def acknowledge(world: World, account: Account, call: Call) -> Answer:
    """POST O/acknowledge."""
    moves.acknowledge(world, own_order(world, account, call), cause_of(call))
    return DONE


def references(world: World, account: Account, call: Call) -> Answer:
    """PATCH O/merchant-references: a field that is there overwrites."""
    payment, body = own_order(world, account, call), body_of(call)
    given: Json = {name: text(body, name) for name in ("merchant_reference1", "merchant_reference2") if name in body}
    moves.set_references(world, payment, given, cause_of(call))
    return DONE


def _words(body: Json, amount: int, account: Account) -> Words:
    shipping = body.get("shipping_info") or []
    if not isinstance(shipping, list) or len(shipping) > 500:
        raise Problem(400, "shipping_info has to be a list of up to 500 objects.")
    rows = lines(body, amount, must_sum=_must_sum(account))
    return Words(text(body, "reference"), text(body, "description"), rows, shipping)


def _must_sum(account: Account) -> bool:
    """What Klarna says to lines that do not sum is unconfirmed; the switch `lines_may_differ` lets them through."""
    return not account.switches.get("lines_may_differ")


def _created(call: Call, header: str, entry_id: str) -> Answer:
    return Answer(201, b"", {header: entry_id, "Location": f"{call.host}{PREFIX}{call.path}/{entry_id}"})
