"""What an adapter reads: a payment as the provider shows it, the methods of an account, and a verified message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from providers.kinds import MovementKind, OperationKind, ProviderState, RequestState
from providers.lines import OrderLine
from providers.money import Money


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
class RunningTotal:
    """A sum that the provider shows in place of the movements that made it (ADR 17); it only grows.

    `id` names the sum and stays the same, say "credited:880017". What it grew by since it was last booked is one
    movement, with the id "credited:880017:<total>" (I9), and `reference` where the provider keeps ours with it.
    """

    kind: MovementKind
    id: str
    money: Money
    reference: str | None = None


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
    """A payment as the provider shows it now. The four sums equal those of `movements` and `totals` by kind.

    `asked` is what the buyer was asked to pay, also where nothing was ever authorised. `open_authorised` is given
    where the amount may be changed later: what is authorised and not released, captured or not. It is a level that
    may rise and fall; then neither `movements` nor `totals` tell of authorisations and releases, and `authorised`
    and `cancelled` are the adapter's best words for a payment that is read for the first time.
    `held`: the provider is still checking the buyer or the order, and the shop must not ship yet.
    `lines` is the whole basket, `open_lines` what of it can still be captured line by line, `refundable_lines` what
    of the captured part can still be given back line by line; both are empty where it cannot, or nobody knows.
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
    totals: Sequence[RunningTotal] = ()
    open_authorised: Money | None = None
    lines: Sequence[OrderLine] = ()
    open_lines: Sequence[OrderLine] = ()
    refundable_lines: Sequence[OrderLine] = ()
    held: bool = False


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
