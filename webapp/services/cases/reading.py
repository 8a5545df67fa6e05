"""Which payments are to be compared, and one read of each at its provider; no transaction is open during a call."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import ColumnElement, Select, select

from providers import registry
from providers.errors import CredentialsRefused, PaymentNotFound, ProviderError, ProviderUnavailable
from providers.infos import WrongCredentials
from providers.snapshots import PaymentSnapshot
from webapp.domain.cases import CaseState
from webapp.models import Case, Mode, Payment, ProviderAccount
from webapp.services import accounts
from webapp.services.accounts import Account
from webapp.services.operations import lanes
from webapp.services.unit_of_work import Tx
from webapp.services.vault import VaultError

AT_ONCE = 5000


class Unread(StrEnum):
    """Why a payment could not be read; pages have words for each."""

    CREDENTIALS = "credentials"
    UNREADABLE_KEYS = "unreadable_keys"
    UNREACHABLE = "unreachable"  # nothing was sent
    UNCLEAR = "unclear"  # time-out, an error of the provider's, an answer that cannot be read
    BREAKER_OPEN = "breaker_open"  # sending through the account is stopped, so it was not asked
    PROVIDER_DOWN = "provider_down"  # it did not answer for others a moment ago, so it was not asked


_WHY: Mapping[type[Exception], Unread] = MappingProxyType(
    {
        CredentialsRefused: Unread.CREDENTIALS,
        ProviderUnavailable: Unread.UNREACHABLE,
        ProviderError: Unread.UNCLEAR,
    }
)
OF_KEYS = frozenset({Unread.CREDENTIALS, Unread.UNREADABLE_KEYS})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A payment to be read."""

    payment_id: uuid.UUID
    provider_ref: str
    shop_id: uuid.UUID
    order_id: uuid.UUID
    mode: Mode
    account: Account


@dataclass(frozen=True, slots=True)
class Read:
    """What came of one read that began after `began_at`: a snapshot, nothing (the payment is gone), or `unread`."""

    wanted: Wanted
    began_at: datetime
    snapshot: PaymentSnapshot | None = None
    unread: Unread | None = None


def due(tx: Tx, shop_id: uuid.UUID, until: datetime | None, after: uuid.UUID | None) -> Sequence[Wanted]:
    """Payments of the shop whose comparison is due; None: all that are still compared. In the order of their ids.

    One statement over the index of what is still compared, at most 5,000; `after` is the last one seen.
    """
    query = _payments().where(*is_compared(shop_id, until))
    if after is not None:
        query = query.where(Payment.id > after)
    return _wanted(tx, query.order_by(Payment.id).limit(AT_ONCE))


def is_compared(shop_id: uuid.UUID, until: datetime | None) -> Sequence[ColumnElement[bool]]:
    """Which payments of the shop a run takes: those that are due until then; None: all that are compared at all."""
    mine = (Payment.shop_id == shop_id, Payment.compare_at.is_not(None))
    return mine if until is None else (*mine, Payment.compare_at <= until)


def suspected(tx: Tx, shop_id: uuid.UUID, after: uuid.UUID | None) -> Sequence[Wanted]:
    """Payments with something that one read alone has shown; as `due`."""
    of_one_read = select(Case.payment_id).where(Case.shop_id == shop_id, Case.state == CaseState.SUSPECTED)
    query = _payments().where(Payment.shop_id == shop_id, Payment.id.in_(of_one_read))
    if after is not None:
        query = query.where(Payment.id > after)
    return _wanted(tx, query.order_by(Payment.id).limit(AT_ONCE))


def these(tx: Tx, shop_id: uuid.UUID, payment_ids: Sequence[uuid.UUID]) -> Sequence[Wanted]:
    """Those payments, as far as they are the shop's."""
    return _wanted(tx, _payments().where(Payment.shop_id == shop_id, Payment.id.in_(payment_ids)).order_by(Payment.id))


def _payments() -> Select[uuid.UUID, str, uuid.UUID, uuid.UUID, Mode, uuid.UUID]:
    return select(Payment.id, Payment.provider_ref, Payment.shop_id, Payment.order_id, Payment.mode, Payment.account_id)


def _wanted(tx: Tx, query: Select[uuid.UUID, str, uuid.UUID, uuid.UUID, Mode, uuid.UUID]) -> Sequence[Wanted]:
    rows = tx.execute(query).all()
    mine = select(ProviderAccount).where(ProviderAccount.id.in_({row[-1] for row in rows}))
    known = {row.id: accounts.account_of(row) for row in tx.scalars(mine)}
    return [Wanted(row[0], row[1], row[2], row[3], row[4], known[row[5]]) for row in rows]


def read(wanted: Wanted, began_at: datetime) -> Read:
    """Ask the provider once. What goes wrong is told in the result, never raised."""
    account = wanted.account
    if account.breaker_is_open:
        return Read(wanted, began_at, unread=Unread.BREAKER_OPEN)
    try:
        with lanes.wire():
            return Read(wanted, began_at, accounts.adapter(account).fetch_payment(wanted.provider_ref))
    except PaymentNotFound:
        return Read(wanted, began_at)
    except (ProviderError, VaultError, WrongCredentials, registry.UnknownProvider) as failure:
        return Read(wanted, began_at, unread=_why(failure))


def _why(failure: Exception) -> Unread:
    for kind, why in _WHY.items():
        if isinstance(failure, kind):
            return why
    return Unread.UNREADABLE_KEYS
