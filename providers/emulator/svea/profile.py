"""Svea for the gateway: who calls, what is done, and how errors look (sections 1.2, 3 and 5)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable

from ..records import Account, Refused
from ..wire import Answer, Call, json_answer
from ..world import World
from . import crediting, orders, queue, subscribing
from .desk import desk_of
from .errors import Problem, error_answer

NAME = "svea"
PREFIX = "/svea"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")
CAMPAIGNS = [
    {
        "CampaignCode": 213060,
        "Description": "Pay in 3 months",
        "ContractLengthInMonths": 3,
        "FromAmount": 500.0,
        "ToAmount": 50000.0,
        "InitialFee": 95.0,
        "NotificationFee": 29.0,
        "MonthlyAnnuityFactor": 0.33333,
        "InterestRatePercent": 0.0,
        "PaymentPlanType": 2,
    }
]

Handler = Callable[[World, Account, Call], Answer]


def campaigns(_world: World, account: Account, call: Call) -> Answer:
    """GET GetAvailablePartPaymentCampaigns; a methods list of the account stands for them, for private buyers."""
    given = account.methods if account.methods is not None else CAMPAIGNS
    is_company = {name.lower(): value for name, value in call.query.items()}.get("iscompany", "").lower() == "true"
    return json_answer(200, [] if is_company else given)


ADMIN, ORDER = "/pa/api/v1", "/pa/api/v1/orders/{id}"
SUBSCRIPTIONS = "/pa/api/v2/callbacks/subscriptions"
ROUTES: list[tuple[str, str, str, Handler]] = [
    ("GET", ORDER, "read", orders.read),
    ("PATCH", ORDER, "change", orders.change),
    ("POST", f"{ORDER}/deliveries", "deliver", queue.accept),
    ("POST", f"{ORDER}/deliveries/DeliverAndLowerAmount", "lower", queue.accept),
    ("PATCH", f"{ORDER}/deliveries/{{delivery}}", "credit_amount", crediting.credit_amount),
    ("POST", f"{ORDER}/deliveries/{{delivery}}/credits", "credit", queue.accept),
    ("PATCH", f"{ORDER}/rows/cancelOrderRows", "cancel_rows", orders.cancel_rows),
    ("PUT", f"{ORDER}/rows/replaceOrderRows", "replace_rows", orders.replace_rows),
    ("GET", f"{ADMIN}/queue/{{task}}", "task", queue.show),
    ("POST", SUBSCRIPTIONS, "subscribe", subscribing.add),
    ("GET", SUBSCRIPTIONS, "subscriptions", subscribing.listing),
    ("PUT", f"{SUBSCRIPTIONS}/{{subscription}}", "subscription_put", subscribing.put),
    ("POST", f"{SUBSCRIPTIONS}/{{subscription}}/verify", "subscription_verify", subscribing.verify),
    ("DELETE", f"{SUBSCRIPTIONS}/{{subscription}}", "subscription_delete", subscribing.delete),
    ("GET", "/checkout/api/util/GetAvailablePartPaymentCampaigns", "methods", campaigns),
]


def finish_credit(world: World, account: Account, call: Call) -> Answer:
    """A late credit's time has come; only the emulator itself makes this call."""
    crediting.end_late_credit(desk_of(world, account, call), fails=call.raw == "fail")
    return Answer(204, b"")


HANDLERS: dict[str, Handler] = {
    **{name: handler for _, _, name, handler in ROUTES},
    queue.RUN: queue.run,
    crediting.LATE_CREDIT: finish_credit,
}
_VALUES = {"subscription": "[^/]+"}
_PATTERNS = [
    (
        method,
        re.compile(re.sub(r"\{(\w+)\}", lambda found: f"(?P<{found[1]}>{_VALUES.get(found[1], '[0-9]+')})", path)),
        name,
    )
    for method, path, name, _ in ROUTES
]


def route(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The call's name and the values in its path, with or without a slash at its end; None where there is nothing."""
    for wanted, pattern, name in _PATTERNS:
        if wanted == method and (match := pattern.fullmatch(path.rstrip("/"))):
            return name, match.groupdict()
    return None


class SveaProfile:
    """What the gateway asks of a provider."""

    def authenticate(self, world: World, call: Call) -> Account | None:
        """`Svea base64(merchant:hash)` over body, secret and the time as its header has it; hex in either case."""
        word, _, token = (call.header("authorization") or "").partition(" ")
        time = call.header("timestamp") or ""
        if word != "Svea" or not TIME.fullmatch(time):
            return None
        try:
            merchant, colon, given = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        for account in world.ledger.accounts.values():
            if not colon or (account.provider, account.publishable_key) != (NAME, merchant):
                continue
            signed = hashlib.sha512(f"{call.raw}{account.secret_key}{time}".encode()).hexdigest()
            if signed == given.lower():
                return account
        return None

    def idempotency_key(self, call: Call) -> str | None:
        """There is none."""
        del call
        return None

    def effect(self, world: World, account: Account, call: Call) -> Answer:
        """Do what is asked and say so, or refuse. Switch `bom`: a byte-order mark before each body."""
        try:
            answer = HANDLERS[call.name](world, account, call)
        except Problem as problem:
            answer = problem.answer
        except Refused as refusal:
            answer = error_answer(400, refusal.message, "Amount", 50002)
        if account.switches.get("bom") and answer.body:
            answer = answer.having(body=BYTE_ORDER_MARK + answer.body)
        return answer

    def problem(self, status: int, message: str, code: str | None = None) -> Answer:
        """The error object."""
        return error_answer(status, message if code is None else f"{code}: {message}")

    def rate_limited(self, seconds: int) -> Answer:
        """429; whether Payment Admin has it is not known."""
        return error_answer(429, "Too many requests.").having(headers={"Retry-After": str(seconds)})

    def is_repeat(self, digest: str, call: Call) -> bool:
        """No keys, so no repeats."""
        del digest, call
        return False

    def remembers(self, account: Account, status: int) -> bool:
        """No keys, so nothing is remembered."""
        del account, status
        return False

    def repeat_refused(self, account: Account, call: Call) -> Answer:
        """Not asked: there are no keys."""
        del account, call
        return error_answer(400, "This is not possible any more.")

    def twisted(self, answer: Answer, amount_minor: int) -> Answer:
        """Answers to changes carry no amounts, so nothing can be wrong in them."""
        del amount_minor
        return answer
