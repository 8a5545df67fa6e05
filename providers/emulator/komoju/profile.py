"""KOMOJU for the gateway: who calls, under which key, what is done, and how errors look."""

import base64
import binascii
import json
import re
from collections.abc import Callable

from ..records import Account, Effect, Payment, Refused
from ..wire import Answer, Call, json_answer
from ..world import World
from . import notices, payments, sessions
from .errors import REFUSALS, Problem, error_answer, refusal_answer
from .methods import DEFAULT_METHODS

NAME = "komoju"
PREFIX = "/komoju/api/v1"
LONGEST_KEY = 100

Handler = Callable[[World, Account, Call], Answer]


def payment_methods(_world: World, account: Account, _call: Call) -> Answer:
    """GET /payment_methods: a plain array, one element per method and currency."""
    return json_answer(200, account.methods if account.methods is not None else DEFAULT_METHODS)


ROUTES: list[tuple[str, str, str, Handler]] = [
    ("GET", "/payments", "list", payments.listing),
    ("GET", "/payments/{id}", "read", payments.read),
    ("PATCH", "/payments/{id}", "update", payments.change),
    ("POST", "/payments/{id}/capture", "capture", payments.capture),
    ("POST", "/payments/{id}/cancel", "cancel", payments.cancel),
    ("POST", "/payments/{id}/refund", "refund", payments.refund),
    ("POST", "/payments/{id}/refund_request", "refund_request", payments.refund_request),
    ("GET", "/payment_methods", "methods", payment_methods),
    ("POST", "/sessions", "session_create", sessions.create),
    ("GET", "/sessions/{id}", "session_read", sessions.read),
    ("POST", "/sessions/{id}/cancel", "session_cancel", sessions.cancel),
    ("GET", "/events", "events", notices.listing),
    ("GET", "/events/{id}", "event_read", notices.read),
]
HANDLERS: dict[str, Handler] = {name: handler for _, _, name, handler in ROUTES}
_PATTERNS = [
    (method, re.compile(re.escape(path).replace(r"\{id\}", "(?P<id>[^/]+)")), name) for method, path, name, _ in ROUTES
]


def route(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The call's name and the values in its path, or None."""
    for wanted, pattern, name in _PATTERNS:
        if wanted == method and (match := pattern.fullmatch(path)):
            return name, match.groupdict()
    return None


class KomojuProfile:
    """What the gateway asks of a provider."""

    def authenticate(self, world: World, call: Call) -> Account | None:
        """Basic authentication: the secret key as user name, an empty password (section 1)."""
        word, _, token = (call.header("authorization") or "").partition(" ")
        if word != "Basic":
            return None
        try:
            user, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not colon or password:
            return None
        account = world.ledger.find_account(NAME, user)
        return account if account is not None and account.secret_key == user else None

    def idempotency_key(self, call: Call) -> str | None:
        """X-KOMOJU-IDEMPOTENCY, on POST only: 1 to 100 ASCII characters (section 7)."""
        key = call.header("x-komoju-idempotency")
        if key is None or call.method != "POST":
            return None
        if not 0 < len(key) <= LONGEST_KEY or not key.isascii():
            raise ValueError("X-KOMOJU-IDEMPOTENCY has to be 1 to 100 ASCII characters.")
        return key

    def effect(self, world: World, account: Account, call: Call) -> Answer:
        """Do what is asked and say so, or refuse."""
        try:
            return HANDLERS[call.name](world, account, call)
        except Problem as problem:
            return problem.answer
        except Refused as refusal:
            return refusal_answer(refusal, account)

    def problem(self, status: int, message: str, code: str | None = None) -> Answer:
        """An error answer in KOMOJU's form."""
        return error_answer(status, message, code)

    def rate_limited(self, seconds: int) -> Answer:
        """429 with `Retry-After` (section 11)."""
        answer = error_answer(429, "Too many requests.", "too_many_requests")
        return answer.having(headers={"Retry-After": str(seconds)})

    def is_repeat(self, digest: str, call: Call) -> bool:
        """Method, path and body count (section 7)."""
        return digest == call.digest

    def remembers(self, account: Account, status: int) -> bool:
        """All but mistakes in the request itself; refusals where the account's `replay_errors` says so."""
        if status in (400, 401, 404):
            return False
        return not 400 <= status < 500 or bool(account.switches.get("replay_errors", True))

    def repeat_refused(self, account: Account, call: Call) -> Answer:
        """`not_refundable` and its kin."""
        code = REFUSALS.get(call.name, "not_refundable")
        return refusal_answer(Refused(code, "This is not possible any more."), account)

    def twisted(self, answer: Answer, amount_minor: int) -> Answer:
        """The answer with another total and another amount in its last refund."""
        body = json.loads(answer.body)
        if answer.status != 200 or not isinstance(body, dict):
            return answer
        for name in ("amount", "total", "amount_refunded"):
            if name in body:
                body[name] = max(body[name] + amount_minor, 0)
        for entry in body.get("refunds", [])[-1:]:
            entry["amount"] = max(entry["amount"] + amount_minor, 0)
        return json_answer(200, body)


def listen(world: World) -> None:
    """Turn effects on KOMOJU's payments into its events."""

    def on_effect(effect: Effect, payment: Payment) -> None:
        if effect.provider == NAME:
            notices.announce(world, effect, payment)

    world.ledger.listeners.append(on_effect)
