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
from typing import Any, Protocol, runtime_checkable

from providers.kinds import (
    NotOffered,
    OperationKind,
    Outcome,
    ProviderState,
    RequestState,
    ResolutionClass,
)
from providers.lines import OrderLine
from providers.money import Money
from providers.planning import Plan, WishKind
from providers.snapshots import MethodOffer, Notification, PaymentSnapshot


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an action is possible, in part too, what it needs and what comes with it; else the reason why not."""

    possible: bool
    partial: bool = False
    needs_bank_details: bool = False
    needs_lines: bool = False
    whole_pieces: bool = False  # quantities of lines are whole numbers
    whole_lines: bool = False  # a line moves as it is, or not at all
    can_raise: bool = False  # an update may also go up
    releases_rest: bool = False  # capturing a part gives back what it leaves
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

    @property
    def pending_reads_s(self) -> Sequence[int]:
        """Seconds after acceptance at which an unfinished effect is read; empty for the timetable of R7."""

    def plan(
        self, wish: WishKind, amount_minor: int | None, payment: PaymentFacts, settings: Mapping[str, Any]
    ) -> Plan:
        """The steps that carry out a wish, from the payment as last read.

        `amount_minor` is None for the whole rest; for an update it is the new total. A wish for everything plans
        what is left, and nothing where nothing is.
        """

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
    """One operation on a payment, as the adapter gets it.

    `money` is what moves; for an update the difference, and `new_total` what shall be authorised then, captured
    part included. `lines` are those that are captured or refunded, for an update all that remain. `against`: see
    `planning.Step`.
    """

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
    new_total: Money | None = None
    lines: Sequence[OrderLine] = ()
    against: str | None = None


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
class Reply:
    """The provider's answer to one write, classed by the adapter.

    `money` is what the answer says was moved, None where it carries no amount (R5). `movement_id` is the
    id under which the movement stands in a snapshot; `pending_id` that of an accepted, unfinished effect.
    A success without amount and without snapshot is confirmed by the next read (R5).
    `state_conflict`: the refusal speaks of the payment's state ("already refunded"), not of our request.
    `fresh_key`: NOT_APPLIED, and the provider may replay that answer under this key, so the next try, not before
    `retry_after_s`, is a successor attempt with a new key (R14); it is worth few tries, then a person.
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
    fresh_key: bool = False
    snapshot: PaymentSnapshot | None = None
    redacted: str = ""


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

    def read_notification(
        self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], query: Mapping[str, str]
    ) -> Notification:
        """Verify and read a webhook over its raw bytes; any of `secrets` may fit.

        `query` is that of the address it came to; Klarna's push says nowhere else what it is about.
        Raises SignatureWrong.
        """

    def close(self) -> None:
        """Close the connections."""


@runtime_checkable
class FollowsTasks(Protocol):
    """A provider that hands out a task for what it carries out later (Svea)."""

    def fetch_task(self, pending_id: str) -> RequestState:
        """How the task stands; the payment itself has the last word. Raises as `PaymentProvider.fetch_payment`."""


@runtime_checkable
class ExtendsHolds(Protocol):
    """A provider that can prolong what it holds for us (Klarna)."""

    def extend_hold(self, payment_ref: str, key: str) -> Reply:
        """Ask for a later end of the hold; moves no money. Raises ProviderUnavailable or OutcomeUnknown."""
