"""The port on Klarna's Order Management API: one account, one call per method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound, RequestRefused
from providers.http import Answer, HttpClient
from providers.klarna import mapping, notification, probe, replies, requests
from providers.klarna.capabilities import KlarnaCapabilities
from providers.port import MoneyRequest, Reply, WireCall
from providers.reading import Unreadable
from providers.snapshots import MethodOffer, Notification, PaymentSnapshot

KEY_HEADER = "Klarna-Idempotency-Key"
JSON = {"Content-Type": "application/json"}
Found = TypeVar("Found")


class KlarnaProvider:
    """A Klarna or Kustom account; `before_send` runs when a write has its connection and no byte has left (R9).

    `settings` are the account's: `country` and `currency` say what methods are asked for.
    """

    def __init__(
        self,
        http: HttpClient,
        settings: Mapping[str, Any] | None = None,
        before_send: Callable[[], None] | None = None,
    ) -> None:
        self._http = http
        self._settings = settings or {}
        self._before_send = before_send
        self._capabilities = KlarnaCapabilities()

    @property
    def capabilities(self) -> KlarnaCapabilities:
        """What Klarna can do."""
        return self._capabilities

    def prepare(self, request: MoneyRequest) -> WireCall:
        """See `requests.prepare`. Raises RequestNotPossible, ValueError."""
        return requests.prepare(request, self._capabilities)

    def redact(self, call: WireCall) -> str:
        """See `requests.redact`."""
        return requests.redact(call)

    def send(self, call: WireCall) -> Reply:
        """Make one write. Raises ProviderUnavailable or OutcomeUnknown; every answer becomes a Reply."""
        return replies.classify(call, self._write(call.method, call.path, call.body, call.key))

    def fetch_payment(self, payment_ref: str) -> PaymentSnapshot:
        """Read one order (section 2.1).

        Raises PaymentNotFound, CredentialsRefused, ProviderUnavailable or OutcomeUnknown.
        """
        answer = self._http.call("GET", requests.ORDERS + _checked(payment_ref))
        if answer.status == 404 and replies.read_error(answer.body).code in replies.NOT_FOUND:
            raise PaymentNotFound("no such order")
        _refuse_bad_read(answer)
        order = _understood(answer, mapping.snapshot)
        if order.provider_ref.lower() != payment_ref.lower():
            raise OutcomeUnknown("the answer is about another order")
        return order

    def fetch_methods(self) -> Sequence[MethodOffer]:
        """Ask what the account offers for its country and currency (section 8); makes no order.

        Raises RequestRefused, CredentialsRefused, ProviderUnavailable or OutcomeUnknown.
        """
        country, currency = (str(self._settings.get(name) or "") for name in ("country", "currency"))
        if not country or not currency:
            raise RequestRefused(None, "the account says no country and currency")
        answer = self._http.call("POST", probe.SESSIONS, body=probe.body(country, currency), headers=JSON)
        error = replies.read_error(answer.body)
        if error.code and answer.status in (400, 404, 413, 422):
            raise RequestRefused(error.code, error.message)
        _refuse_bad_read(answer)
        return _understood(answer, lambda session: probe.offers(session, currency))

    def extend_hold(self, payment_ref: str, key: str) -> Reply:
        """Ask for the account's full time from now (section 3.5); a repeat on one day changes nothing."""
        return self._ask("POST", payment_ref, "extend-authorization-time", None, key)

    def acknowledge(self, payment_ref: str, key: str) -> Reply:
        """Say that the order has arrived, so that its push ends (section 6). Raises as `send`, and PaymentNotFound."""
        return self._ask("POST", payment_ref, "acknowledge", None, key)

    def set_references(self, payment_ref: str, key: str, first: str | None, second: str | None = None) -> Reply:
        """Overwrite the merchant references that are given; `first` is the order number that the buyer sees.

        Raises as `acknowledge`, and ValueError for a reference over 255 characters.
        """
        return self._ask("PATCH", payment_ref, "merchant-references", requests.references(first, second), key)

    def read_notification(
        self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], query: Mapping[str, str]
    ) -> Notification:
        """See `notification.read`; nothing is signed, so there is nothing to verify."""
        del headers, secrets
        return notification.read(raw, query)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(self, method: str, payment_ref: str, action: str, body: bytes | None, key: str) -> Reply:
        path = f"{requests.ORDERS}{_checked(payment_ref)}/{action}"
        return replies.plain(self._write(method, path, body, requests.check_key(key)))

    def _write(self, method: str, path: str, body: bytes | None, key: str) -> Answer:
        headers = {KEY_HEADER: key, **(JSON if body is not None else {})}
        return self._http.call(method, path, body=body, headers=headers, before_first_byte=self._before_send)


def _checked(ref: str) -> str:
    """Order ids are UUIDs; another never leaves this process."""
    if not requests.UUID_FORM.fullmatch(ref):
        raise PaymentNotFound("not an id of Klarna's form")
    return ref


def _refuse_bad_read(answer: Answer) -> None:
    if answer.status in (401, 403):
        raise CredentialsRefused(f"HTTP {answer.status}")
    if answer.status != 200:
        raise OutcomeUnknown(f"HTTP {answer.status}")


def _understood(answer: Answer, read: Callable[[Any], Found]) -> Found:
    try:
        return read(answer.json())
    except Unreadable as error:
        raise OutcomeUnknown(str(error)) from error
