"""The port on KOMOJU's API (section 1): one account, one call per method, always version 2025-01-28."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound, RequestRefused
from providers.http import Answer, HttpClient
from providers.kinds import Outcome
from providers.komoju import lists, mapping, notification, replies, requests, sessions
from providers.komoju.capabilities import KomojuCapabilities
from providers.port import MoneyRequest, Reply, WireCall
from providers.reading import Unreadable
from providers.snapshots import MethodOffer, Notification, PaymentSnapshot

VERSION = "2025-01-28"  # under 2024-07-15 a part capture would look like a refund (section 5)
KEY_HEADER = "X-KOMOJU-IDEMPOTENCY"
JSON = {"Content-Type": "application/json"}
Found = TypeVar("Found")


class KomojuProvider:
    """A KOMOJU account; `before_send` runs when a write has its connection and no byte has left (R9)."""

    def __init__(self, http: HttpClient, before_send: Callable[[], None] | None = None) -> None:
        self._http = http
        self._before_send = before_send
        self._capabilities = KomojuCapabilities()

    @property
    def capabilities(self) -> KomojuCapabilities:
        """What KOMOJU can do."""
        return self._capabilities

    def prepare(self, request: MoneyRequest) -> WireCall:
        """See `requests.prepare`. Raises RequestNotPossible, ValueError."""
        return requests.prepare(request)

    def redact(self, call: WireCall) -> str:
        """See `requests.redact`."""
        return requests.redact(call)

    def send(self, call: WireCall) -> Reply:
        """Make one write. Raises ProviderUnavailable or OutcomeUnknown; every answer becomes a Reply."""
        return replies.classify(call, self._post(call.path, call.body, call.key))

    def fetch_payment(self, payment_ref: str, authorised_minor: int | None = None) -> PaymentSnapshot:
        """Read one payment (section 3); `authorised_minor` as in `mapping.snapshot`.

        Raises PaymentNotFound, CredentialsRefused, ProviderUnavailable or OutcomeUnknown.
        """
        path = f"/payments/{_checked(payment_ref)}"
        payment = self._get(path, lambda answer: mapping.snapshot(answer.json(), authorised_minor))
        if payment.provider_ref != payment_ref:
            raise OutcomeUnknown("the answer is about another payment")
        return payment

    def list_payments(self, query: lists.PaymentQuery, page: int = 1) -> lists.Page[PaymentSnapshot]:
        """Read one page of payments (section 2.1). Raises as `fetch_methods`."""
        return self._get(lists.payments_path(query, page), lambda answer: lists.payments(answer.json()))

    def fetch_methods(self) -> Sequence[MethodOffer]:
        """Read the account's methods (section 9).

        Raises CredentialsRefused, ProviderUnavailable or OutcomeUnknown.
        """
        return self._get("/payment_methods", lambda answer: mapping.methods(answer.json()))

    def list_events(
        self, after: datetime | None = None, before: datetime | None = None, page: int = 1
    ) -> lists.Page[Notification]:
        """Read one page of past webhook events (section 10). Raises as `fetch_methods`."""
        return self._get(lists.events_path(after, before, page), lambda answer: lists.events(answer.json()))

    def fetch_event(self, event_ref: str) -> Notification:
        """Read one past event. Raises as `fetch_payment`."""
        return self._get(f"/events/{_checked(event_ref)}", lambda answer: lists.event(answer.json()))

    def create_session(self, request: sessions.SessionRequest) -> sessions.Session:
        """Open a hosted page (section 8); repeat an unknown outcome under the same key.

        Raises RequestRefused, CredentialsRefused, ProviderUnavailable or OutcomeUnknown.
        """
        key = requests.check_key(request.key)
        return _session(self._post("/sessions", sessions.body(request), key))

    def fetch_session(self, session_ref: str) -> sessions.Session:
        """Read a hosted page and its payment. Raises as `fetch_payment`."""
        return self._get(f"/sessions/{_checked(session_ref)}", lambda answer: sessions.read(answer.json()))

    def cancel_session(self, session_ref: str, key: str) -> sessions.Session:
        """Close a hosted page that has no payment yet. Raises as `create_session`, and PaymentNotFound."""
        path = f"/sessions/{_checked(session_ref)}/cancel"
        return _session(self._post(path, None, requests.check_key(key)))

    def read_notification(
        self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], query: Mapping[str, str]
    ) -> Notification:
        """See `notification.read`; all is in the signed body. Raises SignatureWrong."""
        del query
        return notification.read(headers, raw, secrets)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _post(self, path: str, body: bytes | None, key: str) -> Answer:
        headers = {KEY_HEADER: key, **(JSON if body is not None else {})}
        return self._http.call("POST", path, body=body, headers=headers, before_first_byte=self._before_send)

    def _get(self, path: str, read: Callable[[Answer], Found]) -> Found:
        answer = self._http.call("GET", path)
        _refuse_bad_read(answer)
        return _understood(answer, read)


def _checked(ref: str) -> str:
    """Ids have 25 lower-case letters and digits (section 1); another never leaves this process."""
    if not notification.PAYMENT_ID.fullmatch(ref):
        raise PaymentNotFound("not an id of KOMOJU's form")
    return ref


def _refuse_bad_read(answer: Answer) -> None:
    if answer.status in (401, 403):
        raise CredentialsRefused(f"HTTP {answer.status}")
    if answer.status == 404 and replies.read_error(answer.body).code == "not_found":
        raise PaymentNotFound("not_found")
    if not 200 <= answer.status < 300:
        raise OutcomeUnknown(f"HTTP {answer.status}")


def _session(answer: Answer) -> sessions.Session:
    """A page out of the answer to a write; a refusal is told apart by the same table as for money."""
    outcome, error = replies.outcome_and_error(answer)
    if outcome is Outcome.REFUSED and answer.status != 404:
        raise RequestRefused(error.code, error.message)
    _refuse_bad_read(answer)
    return _understood(answer, lambda good: sessions.read(good.json()))


def _understood(answer: Answer, read: Callable[[Answer], Found]) -> Found:
    try:
        return read(answer)
    except Unreadable as error:
        raise OutcomeUnknown(str(error)) from error
