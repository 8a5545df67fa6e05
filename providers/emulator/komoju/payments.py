"""Payments over the wire: read, list, change, capture, cancel, refund (page, sections 2 to 6)."""

from ..ledger import Ledger
from ..records import Account, Cause, Json, Payment
from ..wire import Answer, Call, json_answer
from ..world import World
from .errors import Problem
from .fields import body_of, moment, page_numbers, string_map, text, whole
from .render import NEW_VERSION, list_json, payment_json

BANK_FIELDS = ("customer_name", "bank_name", "branch_number")
OPTIONAL_BANK_FIELDS = ("bank_code", "branch_name")
LISTED_STATES = {"pending", "authorized", "captured", "expired", "cancelled", "refunded"}


def version_of(call: Call, account: Account) -> str:
    """The version header, or what the dashboard has set for the key."""
    return call.header("x-komoju-api-version") or str(account.switches.get("default_version", NEW_VERSION))


def own_payment(ledger: Ledger, account: Account, call: Call) -> Payment:
    """The payment in the path; another account's payment is as unknown as none."""
    payment = ledger.payments.get(call.args["id"])
    if payment is None or payment.account != account.id:
        raise Problem(404, "The requested resource could not be found.")
    return payment


def cause_of(call: Call, description: str | None = None) -> Cause:
    """The product as the mover, with what its request carried."""
    return Cause("api", call.header("x-komoju-idempotency"), call.digest, description)


def _shown(world: World, account: Account, call: Call) -> Answer:
    payment = world.ledger.payments[call.args["id"]]
    return json_answer(200, payment_json(payment, account, version_of(call, account)))


def read(world: World, account: Account, call: Call) -> Answer:
    """GET /payments/{id}; a stale read shows an earlier state."""
    payment = own_payment(world.ledger, account, call)
    if call.as_of is not None:
        payment = world.ledger.as_of(payment.reference, call.as_of)
    return json_answer(200, payment_json(payment, account, version_of(call, account)))


def listing(world: World, account: Account, call: Call) -> Answer:
    """GET /payments, newest first."""
    page, per_page = page_numbers(call.query)
    start, end = moment(call.query, "start_time"), moment(call.query, "end_time")
    states = set(call.query["status"].split(",")) if call.query.get("status") else None
    if states is not None and not states <= LISTED_STATES:
        raise Problem(422, "status has a word that cannot be asked for.", param="status")
    found = world.ledger.of_account(account.id, call.query.get("external_order_num"))
    if call.as_of is not None:
        found = [world.ledger.as_of(one.reference, call.as_of) for one in found if one.created_at <= call.as_of]
    kept = [
        payment
        for payment in found
        if (start is None or payment.created_at >= start)
        and (end is None or payment.created_at <= end)
        and call.query.get("currency", payment.currency) == payment.currency
        and (states is None or payment.status.replace("authorised", "authorized") in states)
    ]
    first = (page - 1) * per_page
    answer = list_json([], "payment_list", call.query, page, per_page)
    version = version_of(call, account)
    answer["data"] = [payment_json(payment, account, version) for payment in kept[first : first + per_page]]
    answer.update(total=len(kept), last_page=max(1, -(-len(kept) // per_page)))
    return json_answer(200, answer)


def change(world: World, account: Account, call: Call) -> Answer:
    """PATCH /payments/{id}: description and metadata, nothing else."""
    payment = own_payment(world.ledger, account, call)
    body = body_of(call)
    changes: Json = {}
    if "description" in body:
        changes["description"] = text(body, "description")
    if "metadata" in body:
        changes["metadata"] = string_map(body, "metadata")
    world.ledger.update(payment.reference, cause_of(call), **changes)
    return _shown(world, account, call)


def capture(world: World, account: Account, call: Call) -> Answer:
    """POST /payments/{id}/capture: `amount` before tax and `tax`, or everything."""
    payment = own_payment(world.ledger, account, call)
    body = body_of(call)
    amount = whole(body, "amount")
    tax = payment.tax_minor if body.get("tax") == "auto" else whole(body, "tax", minimum=0)
    if amount is None:
        world.ledger.capture(payment.reference, cause_of(call))
    else:
        taken_tax = payment.tax_minor if tax is None else tax
        wanted = max(amount + taken_tax + payment.fee_minor + call.twist_minor, 1)
        world.ledger.capture(payment.reference, cause_of(call), wanted, taken_tax)
    return _shown(world, account, call)


def cancel(world: World, account: Account, call: Call) -> Answer:
    """POST /payments/{id}/cancel, without a body."""
    payment = own_payment(world.ledger, account, call)
    world.ledger.cancel(payment.reference, cause_of(call))
    return _shown(world, account, call)


def _with_tax(payment: Payment, account: Account, amount: int) -> int:
    """A given amount with its share of tax where the account's `refund_before_tax` says so (section 5)."""
    if not account.switches.get("refund_before_tax"):
        return amount
    return amount + amount * payment.tax_minor // payment.amount_minor


def refund(world: World, account: Account, call: Call) -> Answer:
    """POST /payments/{id}/refund: `amount`, or all that is left."""
    payment = own_payment(world.ledger, account, call)
    body = body_of(call)
    amount = whole(body, "amount")
    if amount is None and call.twist_minor:
        amount = payment.refundable_minor
    if amount is not None:
        amount = max(_with_tax(payment, account, amount) + call.twist_minor, 1)
    world.ledger.refund(payment.reference, cause_of(call, text(body, "description")), amount)
    return _shown(world, account, call)


def refund_request(world: World, account: Account, call: Call) -> Answer:
    """POST /payments/{id}/refund_request: a bank transfer made by people later (section 6)."""
    payment = own_payment(world.ledger, account, call)
    body = body_of(call)
    amount = whole(body, "amount")
    if amount is None:
        raise Problem(422, "amount is missing.", "missing_parameter", "amount")
    bank: Json = {name: text(body, name, required=True) for name in BANK_FIELDS}
    bank.update({name: text(body, name) for name in OPTIONAL_BANK_FIELDS})
    bank["account_number"] = _account_number(body)
    if body.get("account_type") not in ("normal", "checking", "savings"):
        raise Problem(422, "account_type has to be normal, checking or savings.", param="account_type")
    with_fee = body.get("include_payment_method_fee")
    if not isinstance(with_fee, bool):
        raise Problem(422, "include_payment_method_fee is missing.", "missing_parameter", "include_payment_method_fee")
    cause = cause_of(call, text(body, "description"))
    wanted = max(_with_tax(payment, account, amount) + call.twist_minor, 1)
    world.ledger.request_refund(payment.reference, cause, wanted, bank, with_fee)
    return _shown(world, account, call)


def _account_number(body: Json) -> str:
    """Seven digits, given as text or as a number (whose leading zeros are lost on the way)."""
    value = body.get("account_number")
    if value is None:
        raise Problem(422, "account_number is missing.", "missing_parameter", "account_number")
    digits = str(value)
    if isinstance(value, bool) or not digits.isascii() or not digits.isdigit():
        raise Problem(422, "account_number has to be 7 digits.", param="account_number")
    if isinstance(value, int):
        digits = digits.zfill(7)
    if len(digits) != 7:
        raise Problem(422, "account_number has to be 7 digits.", param="account_number")
    return digits
