"""Klarna for the gateway: who calls, under which key, what is done, and how errors look."""

import base64
import binascii
import re
from collections.abc import Callable

from ..records import Account, Refused
from ..wire import Answer, Call
from ..world import World
from . import orders, sessions
from .errors import REFUSED, Problem, error_answer, refusal_answer, stamped

NAME = "klarna"
PREFIX = orders.PREFIX
ORDER = "/ordermanagement/v1/orders/{id}"

Handler = Callable[[World, Account, Call], Answer]
ROUTES: list[tuple[str, str, str, Handler]] = [
    ("GET", ORDER, "read", orders.read),
    ("POST", ORDER + "/captures", "capture", orders.capture),
    ("GET", ORDER + "/captures", "captures", orders.captures),
    ("GET", ORDER + "/captures/{entry}", "capture_read", orders.one_capture),
    ("POST", ORDER + "/refunds", "refund", orders.refund),
    ("GET", ORDER + "/refunds/{entry}", "refund_read", orders.one_refund),
    ("POST", ORDER + "/cancel", "cancel", orders.cancel),
    ("POST", ORDER + "/release-remaining-authorization", "release", orders.release),
    ("PATCH", ORDER + "/authorization", "update", orders.update),
    ("POST", ORDER + "/extend-authorization-time", "extend", orders.extend),
    ("POST", ORDER + "/acknowledge", "acknowledge", orders.acknowledge),
    ("PATCH", ORDER + "/merchant-references", "references", orders.references),
    ("POST", "/payments/v1/sessions", "session_create", sessions.create),
]
HANDLERS: dict[str, Handler] = {name: handler for _, _, name, handler in ROUTES}
_PATTERNS = [
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), name) for method, path, name, _ in ROUTES
]


def route(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The call's name and the values in its path, or None."""
    for wanted, pattern, name in _PATTERNS:
        if wanted == method and (match := pattern.fullmatch(path)):
            return name, match.groupdict()
    return None


class KlarnaProfile:
    """What the gateway asks of a provider."""

    def authenticate(self, world: World, call: Call) -> Account | None:
        """Basic authentication; the account's secret key is `username:password` (section 1.2)."""
        word, _, token = (call.header("authorization") or "").partition(" ")
        try:
            pair = base64.b64decode(token, validate=True).decode() if word == "Basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = world.ledger.find_account(NAME, pair)
        return account if account is not None and account.secret_key == pair else None

    def idempotency_key(self, call: Call) -> str | None:
        """Klarna-Idempotency-Key, on POST and PATCH of order management only (section 5)."""
        key = call.header(orders.KEY_HEADER)
        if key is None or not call.is_write or not call.path.startswith("/ordermanagement/"):
            return None
        if not 0 < len(key) <= 255 or not key.isascii():
            raise ValueError("Klarna-Idempotency-Key has to be a UUID.")
        return key

    def effect(self, world: World, account: Account, call: Call) -> Answer:
        """Do what is asked and say so, or refuse."""
        try:
            return stamped(HANDLERS[call.name](world, account, call))
        except Problem as problem:
            return problem.answer
        except Refused as refusal:
            return refusal_answer(refusal, call.name)

    def problem(self, status: int, message: str, code: str | None = None) -> Answer:
        """An error answer in Klarna's form."""
        return error_answer(status, message, code)

    def rate_limited(self, seconds: int) -> Answer:
        """429 with the three headers of section 1.2."""
        answer = error_answer(429, "Too many requests.")
        limits = {"X-Ratelimit-Limit": "200, 200;w=1", "X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": str(seconds)}
        return answer.having(headers={**answer.headers, **limits})

    def is_repeat(self, digest: str, call: Call) -> bool:
        """The key counts, the body does not: an edited repeat is told the first answer (section 5)."""
        del digest, call
        return True

    def remembers(self, account: Account, status: int) -> bool:
        """Only 2xx; whether errors are replayed too is unconfirmed, so the switch `replay_errors` says so."""
        return 200 <= status < 300 or (status < 500 and bool(account.switches.get("replay_errors")))

    def repeat_refused(self, account: Account, call: Call) -> Answer:
        """`REFUND_NOT_ALLOWED` and its kin."""
        del account
        return error_answer(403, "This is not possible any more.", REFUSED.get(call.name, "NOT_ALLOWED"))

    def twisted(self, answer: Answer, amount_minor: int) -> Answer:
        """Unchanged: no answer to a write carries an amount."""
        del amount_minor
        return answer
