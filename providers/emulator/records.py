"""What the emulator remembers. Records are frozen: a change makes a new one, so old states can be shown."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
Source = Literal["api", "portal", "buyer"]

PENDING, AUTHORISED, CAPTURED = "pending", "authorised", "captured"
REFUNDED, CANCELLED, EXPIRED, FAILED = "refunded", "cancelled", "expired", "failed"
STATES = (PENDING, AUTHORISED, CAPTURED, REFUNDED, CANCELLED, EXPIRED, FAILED)


class Refused(Exception):
    """The provider refuses a move. `code` is the ledger's own word; `param` names a field at fault."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


@dataclass(frozen=True)
class Cause:
    """Who moves a payment, and what they sent: idempotency key, digest of the request, free text."""

    source: Source
    key: str | None = None
    digest: str | None = None
    description: str | None = None

    @property
    def operation(self) -> str | None:
        """The first word of the description: the place where our product puts its operation id (R25)."""
        words = (self.description or "").split(maxsplit=1)
        return words[0] if words else None


@dataclass(frozen=True)
class Account:
    """A shop's contract at one provider. `switches` choose between readings that the provider leaves open."""

    id: str
    provider: str
    mode: str
    secret_key: str
    publishable_key: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = None
    methods: list[Json] | None = None
    switches: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Refund:
    """Money given back. `amount_minor` includes tax; a chargeback was taken back by the buyer's bank."""

    id: str
    amount_minor: int
    description: str | None
    created_at: datetime
    chargeback: bool = False


@dataclass(frozen=True)
class RefundRequest:
    """A wish that people at the provider send money by bank transfer; `amount_minor` is what will go back."""

    id: str
    amount_minor: int
    description: str | None
    created_at: datetime
    bank: Json
    status: str = "pending"


@dataclass(frozen=True)
class Payment:
    """One payment; all amounts are integers in the currency's smallest unit, all moments UTC.

    `awaits_buyer`: authorised means that the buyer still has to pay. `refund_by_request`: a plain refund is
    refused. `cancelled_minor` includes what a partial capture released (`released_minor`). `picture` is what a part
    keeps of its own (lines, captures, deliveries); never changed in place, so that earlier states stay as they were.
    """

    reference: str
    provider: str
    account: str
    method: str
    currency: str
    amount_minor: int
    created_at: datetime
    status: str = PENDING
    tax_minor: int = 0
    fee_minor: int = 0
    manual_capture: bool = False
    awaits_buyer: bool = False
    refund_by_request: bool = False
    order_number: str | None = None
    page: str | None = None
    locale: str = "ja"
    description: str | None = None
    metadata: Json = field(default_factory=dict)
    details: Json = field(default_factory=dict)
    deadline_at: datetime | None = None
    captured_at: datetime | None = None
    captured_tax_minor: int = 0
    authorised_minor: int = 0
    captured_minor: int = 0
    cancelled_minor: int = 0
    released_minor: int = 0
    release_ref: str | None = None
    refunded_minor: int = 0
    charged_back_minor: int = 0
    settled: bool = False
    picture: Json = field(default_factory=dict)
    refunds: tuple[Refund, ...] = ()
    refund_requests: tuple[RefundRequest, ...] = ()

    @property
    def total_minor(self) -> int:
        """What the buyer was asked for: amount, tax and the provider's fee."""
        return self.amount_minor + self.tax_minor + self.fee_minor

    @property
    def refundable_minor(self) -> int:
        """What can still go back without the buyer's fee; waiting refund requests count as gone."""
        waiting = sum(request.amount_minor for request in self.refund_requests if request.status == "pending")
        return self.captured_minor - self.fee_minor - self.refunded_minor - waiting


@dataclass(frozen=True)
class Effect:
    """One thing that happened to a payment, in the order of `seq`."""

    seq: int
    at: datetime
    provider: str
    account: str
    reference: str
    kind: str
    amount_minor: int
    currency: str
    source: Source
    key: str | None = None
    request_digest: str | None = None
    operation: str | None = None
