"""The port: what Paydesk asks of every payment provider, and the one set of answers it gets.

An adapter turns a `MoneyRequest` into a `WireCall` without touching the network (`prepare`), so that the
exact bytes can be committed before anything is sent (I4, R12), and then makes exactly one call (`send`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from providers.kinds import (
    MovementKind,
    NotOffered,
    OperationKind,
    Outcome,
    ProviderState,
    RequestState,
    ResolutionClass,
)
from providers.money import Money


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an action is possible, in part too, and what it needs; else the reason why not."""

    possible: bool
    partial: bool = False
    needs_bank_details: bool = False
    why_not: NotOffered | None = None
    why_not_partial: NotOffered | None = None


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """What `Capabilities.availability` may look at; the sums are minor units of `currency`.

    `kept` is the adapter's own memory of the last read (`PaymentSnapshot.kept`), opaque to everyone else.
    """

    provider_state: ProviderState
    method: str
    currency: str
    authorised_minor: int
    captured_minor: int
    cancelled_minor: int
    refunded_minor: int
    kept: Mapping[str, Any] = field(default_factory=dict)


class Capabilities(Protocol):
    """What a provider can do, answered without keys and without the network."""

    @property
    def resolution(self) -> ResolutionClass:
        """The class of section 6; must be proven by the conformance suite."""

    @property
    def key_window_s(self) -> int:
        """Seconds for which a replay under the same key is safe: documented window less one hour (R13)."""

    @property
    def settle_s(self) -> int:
        """Seconds after a send before absence may be believed (R7)."""

    @property
    def fetch_before_send(self) -> bool:
        """True where the baseline must be read from the provider before each send (C2)."""

    def keeps_reference(self, kind: OperationKind) -> bool:
        """Whether movements of this kind carry our operation id, so that look-ups go by it alone (R25)."""

    @property
    def currencies(self) -> frozenset[str]:
        """Accepted ISO 4217 codes."""

    def availability(self, kind: OperationKind, payment: PaymentFacts, settings: Mapping[str, Any]) -> Availability:
        """Whether `kind` can be asked for now; `settings` are the provider account's own."""

    def payment_page(self, provider_ref: str, settings: Mapping[str, Any]) -> str | None:
        """Address of the payment in the provider's own back office, where one is documented."""


@dataclass(frozen=True, slots=True)
class BankDetails:
    """Where a person at the provider sends a refund by bank transfer (KOMOJU page, section 6)."""

    customer_name: str
    bank_name: str
    bank_code: str
    branch_name: str
    branch_number: str
    account_type: str
    account_number: str
    include_payment_method_fee: bool

    def __repr__(self) -> str:
        """Personal data stays out of logs and errors."""
        return "BankDetails(…)"


@dataclass(frozen=True, slots=True)
class MoneyRequest:
    """One wish to move a payment, as the adapter gets it."""

    kind: OperationKind
    operation_id: str  # goes first into whatever reference the provider keeps (R25)
    key: str  # outbound idempotency key, random, stored with the operation (R11)
    payment_ref: str
    money: Money
    whole_rest: bool  # money is everything that is left
    reason: str
    payment: PaymentFacts
    settings: Mapping[str, Any] = field(default_factory=dict)
    bank_details: BankDetails | None = None


@dataclass(frozen=True, slots=True)
class WireCall:
    """One request, byte for byte, without credentials; what is stored with the attempt (R12)."""

    method: str
    path: str
    body: bytes | None
    key: str
    operation_id: str
    kind: OperationKind
    amount_minor: int
    currency: str
    payment_ref: str

    def digest(self) -> str:
        """SHA-256 over method, path and body, in lower-case hex."""
        return hashlib.sha256(b"\n".join([self.method.encode(), self.path.encode(), self.body or b""])).hexdigest()

    def to_bytes(self) -> bytes:
        """The call as bytes for encrypted storage; `from_bytes` gives it back unchanged."""
        parts = {name: getattr(self, name) for name in self.__slots__ if name != "body"}
        parts["body"] = None if self.body is None else base64.b64encode(self.body).decode()
        return json.dumps(parts).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> WireCall:
        """The call that `to_bytes` stored."""
        parts = json.loads(stored)
        parts["body"] = None if parts["body"] is None else base64.b64decode(parts["body"])
        parts["kind"] = OperationKind(parts["kind"])
        return cls(**parts)

    def __repr__(self) -> str:
        """The body may hold bank details, so it is never shown."""
        return f"WireCall({self.method} {self.path} {self.digest()[:12]})"


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved at the provider.

    `id` is the provider's, or derived and stable where it gives none (I9). `reference` is our operation id
    where the provider kept it.
    """

    kind: MovementKind
    id: str
    money: Money
    reference: str | None = None
    occurred_at: datetime | None = None
    chargeback: bool = False


@dataclass(frozen=True, slots=True)
class PendingEffect:
    """An effect that the provider accepted and carries out later."""

    kind: OperationKind
    id: str
    state: RequestState
    money: Money | None = None
    reference: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentSnapshot:
    """A payment as the provider shows it now. The four sums equal the sums of `movements` by kind.

    `asked` is what the buyer was asked to pay, also where nothing was ever authorised.
    """

    provider_ref: str
    state: ProviderState
    method: str
    authorised: Money
    captured: Money
    cancelled: Money
    refunded: Money
    movements: Sequence[Movement]
    pending: Sequence[PendingEffect] = ()
    order_number: str | None = None
    buyer_email: str | None = None
    created_at: datetime | None = None
    hold_expires_at: datetime | None = None
    asked: Money | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """The provider's answer to one write, classed by the adapter.

    `money` is what the answer says was moved, None where it carries no amount (R5). `movement_id` is the
    id under which the movement stands in a snapshot; `pending_id` that of an accepted, unfinished effect.
    `state_conflict`: the refusal speaks of the payment's state ("already refunded"), not of our request.
    """

    outcome: Outcome
    http_status: int | None = None
    code: str | None = None
    message: str | None = None
    movement_id: str | None = None
    pending_id: str | None = None
    money: Money | None = None
    retry_after_s: int | None = None
    credentials_refused: bool = False
    state_conflict: bool = False
    snapshot: PaymentSnapshot | None = None
    redacted: str = ""


@dataclass(frozen=True, slots=True)
class MethodOffer:
    """A payment method that the account offers; the key is (`slug`, `currency`).

    `can_be_kept` are the subtypes whose details a buyer may leave for later payments.
    """

    slug: str
    currency: str
    names: Mapping[str, str]
    subtypes: Sequence[str] = ()
    can_be_kept: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Notification:
    """A verified webhook message; a hint to fetch, never a state (I13)."""

    event_id: str
    delivery_id: str | None
    event: str
    payment_ref: str | None


class PaymentProvider(Protocol):
    """One provider account, ready to call. Every method makes at most one call, without retry (R10)."""

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""

    def prepare(self, request: MoneyRequest) -> WireCall:
        """The exact bytes for `request`, without the network. Raises RequestNotPossible."""

    def redact(self, call: WireCall) -> str:
        """The call as text that may be kept and shown: no credentials, no personal data."""

    def send(self, call: WireCall) -> Reply:
        """Make the call. Raises ProviderUnavailable (nothing sent) or OutcomeUnknown."""

    def fetch_payment(self, payment_ref: str) -> PaymentSnapshot:
        """Read one payment.

        Raises PaymentNotFound, CredentialsRefused, ProviderUnavailable or OutcomeUnknown.
        """

    def fetch_methods(self) -> Sequence[MethodOffer]:
        """Read the methods that the account offers. Raises as `fetch_payment`, but not PaymentNotFound."""

    def read_notification(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str]) -> Notification:
        """Verify and read a webhook over its raw bytes; any of `secrets` may fit. Raises SignatureWrong."""

    def close(self) -> None:
        """Close the connections."""
