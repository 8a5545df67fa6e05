"""The port on a sandbox bank: one account of a chosen resolution class."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from providers.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PaymentNotFound,
    ProviderUnavailable,
    RequestNotPossible,
)
from providers.kinds import NotOffered, RequestState, ResolutionClass
from providers.port import MoneyRequest, Reply, WireCall
from providers.sandbox import notification, sums
from providers.sandbox.bank import Bank
from providers.sandbox.capabilities import BY_REQUEST, SandboxCapabilities
from providers.sandbox.troubles import Trouble
from providers.sandbox.wire import QuickWire, Wire
from providers.snapshots import MethodOffer, Notification, PaymentSnapshot


class SandboxProvider:
    """One account at the bank; every method makes at most one call (R10)."""

    def __init__(
        self,
        bank: Bank,
        account_id: str,
        capabilities: SandboxCapabilities,
        wire: Wire | None = None,
        before_send: Callable[[], None] | None = None,
    ) -> None:
        """`before_send` runs when a write has its connection and no byte has left, as in the real adapters (R9)."""
        self._bank = bank
        self._account = account_id
        self._capabilities = capabilities
        self._wire: Wire = wire or QuickWire()
        self._before_send = before_send

    @property
    def capabilities(self) -> SandboxCapabilities:
        """What was chosen for the account."""
        return self._capabilities

    def prepare(self, request: MoneyRequest) -> WireCall:
        """The call for `request`. Raises RequestNotPossible."""
        self._wire.preparing()
        available = self._capabilities.availability(request.kind, request.payment, request.settings)
        if not available.possible:
            raise RequestNotPossible(available.why_not or NotOffered.STATE_FORBIDS)
        if available.needs_bank_details and request.bank_details is None:
            raise RequestNotPossible(NotOffered.NOT_SUPPORTED)
        body: dict[str, Any] = {"amount": request.money.minor}
        body["description"] = f"{request.operation_id} {request.reason}".strip()
        way, suffix = "/", "_request" if available.needs_bank_details else ""
        if self._capabilities.by_sums:
            body, way = sums.body(request), sums.PATH
        return WireCall(
            method="POST",
            path=f"/payments/{request.payment_ref}{way}{request.kind.value}{suffix}",
            body=json.dumps(body).encode(),
            key=request.key,
            operation_id=request.operation_id,
            kind=request.kind,
            amount_minor=request.money.minor,
            currency=request.money.currency,
            payment_ref=request.payment_ref,
        )

    def redact(self, call: WireCall) -> str:
        """Method, path and body: they name nobody."""
        return f"{call.method} {call.path} {(call.body or b'').decode()}"

    def send(self, call: WireCall) -> Reply:
        """Make the call. Raises ProviderUnavailable or OutcomeUnknown."""
        trouble = self._bank.troubles.for_write()
        if trouble is Trouble.NOT_REACHED:
            raise ProviderUnavailable("connection refused")
        if self._before_send is not None:
            self._before_send()
        try:
            self._wire.leaving(call)
        except BaseException:
            self._bank.caller_died(self._account, call, self._keyed)
            raise
        reply = self._bank.handle(self._account, call, trouble, keyed=self._keyed)
        if reply is None:
            self._wire.hanging()
            raise OutcomeUnknown("no answer in time")
        self._wire.returning(call)
        return reply

    @property
    def _keyed(self) -> bool:
        return self._capabilities.resolution is ResolutionClass.KEY_AND_LOOK_UP

    def fetch_payment(self, payment_ref: str) -> PaymentSnapshot:
        """Read one payment. Raises PaymentNotFound, CredentialsRefused, ProviderUnavailable or OutcomeUnknown."""
        trouble = self._bank.troubles.for_read()
        if trouble is Trouble.NOT_REACHED:
            raise ProviderUnavailable("connection refused")
        self._wire.leaving(None)
        if trouble is Trouble.UNAUTHORISED:
            raise CredentialsRefused("HTTP 401")
        if trouble is Trouble.ERROR_BEFORE:
            raise OutcomeUnknown("HTTP 500")
        if trouble is Trouble.TIMEOUT_BEFORE:
            self._wire.hanging()
            raise OutcomeUnknown("no answer in time")
        seen = self._bank.show(
            payment_ref,
            stale=trouble is Trouble.STALE_READ,
            with_references=self._keyed,
            by_sums=self._capabilities.by_sums,
        )
        if seen is None:
            raise PaymentNotFound(payment_ref)
        self._wire.returning(None)
        return seen

    def fetch_task(self, pending_id: str) -> RequestState:
        """How a task stands. Raises as `fetch_payment`; PaymentNotFound for one that is not known."""
        self._wire.leaving(None)
        state = self._bank.tasks.get(pending_id)
        if state is None:
            raise PaymentNotFound(pending_id)
        return state

    def fetch_methods(self) -> Sequence[MethodOffer]:
        """Two methods in yen: one refunded at once, one by request."""
        return [MethodOffer(slug, "JPY", {"en": slug}) for slug in ("sandbox", BY_REQUEST)]

    def read_notification(
        self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], query: Mapping[str, str]
    ) -> Notification:
        """One of the bank's messages. Raises SignatureWrong."""
        del query
        return notification.read(headers, raw, secrets)

    def close(self) -> None:
        """Nothing is open."""
