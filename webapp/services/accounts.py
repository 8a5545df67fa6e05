"""From a provider account's row to its adapter, and the breaker that stops fresh sends (R46)."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from providers.kinds import Outcome
from providers.port import Capabilities, PaymentProvider
from webapp.models import Attempt, Operation, ProviderAccount
from webapp.services import runtime
from webapp.services.runtime import AccountKeys, Runtime
from webapp.services.unit_of_work import Tx
from webapp.services.vault import credential_place

AMBIGUOUS = "ambiguous"
CREDENTIALS = "credentials"
MOST_AMBIGUOUS = 5
AMBIGUOUS_WITHIN = timedelta(minutes=5)
TRIAL_AFTER = timedelta(seconds=60)
MOST_OPEN = 64
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Account:
    """What the engine needs of a provider account, copied out of its row."""

    id: uuid.UUID
    provider: str
    host: str
    credentials: Mapping[str, str]
    settings: Mapping[str, Any]
    version: int
    breaker_is_open: bool = False
    last_good_call_at: datetime | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        return runtime.current().providers.capabilities(self.provider)

    def is_good_call_noted(self, now: datetime) -> bool:
        """Whether a good answer changes nothing: the breaker is closed, and one was noted within the last minute."""
        last = self.last_good_call_at
        return not self.breaker_is_open and last is not None and now - last <= NOTED_EVERY


def account_of(row: ProviderAccount) -> Account:
    """The engine's copy of an account row."""
    return Account(
        row.id,
        row.provider,
        row.host,
        row.credentials,
        row.settings,
        row.version,
        breaker_is_open=row.breaker_opened_at is not None,
        last_good_call_at=row.last_good_call_at,
    )


_open: OrderedDict[tuple[int, uuid.UUID, int], tuple[Runtime, PaymentProvider]] = OrderedDict()
_opening = threading.RLock()  # the lanes of a worker share the adapters


def adapter(account: Account) -> PaymentProvider:
    """The account's adapter, kept open between calls of this process. VaultError when its keys cannot be read."""
    here = runtime.current()
    mark = (id(here.providers), account.id, account.version)
    with _opening:
        if mark not in _open:
            _open[mark] = (here, open_adapter(account))  # the runtime is kept so that nobody else gets its id
            if len(_open) > MOST_OPEN:
                _open.popitem(last=False)[1][1].close()
        _open.move_to_end(mark)
        return _open[mark][1]


def open_adapter(account: Account) -> PaymentProvider:
    """An adapter of its own, which the caller closes. VaultError, or what the registry raises for wrong keys."""
    here = runtime.current()
    plain = {
        field: here.vault.open(sealed, credential_place(account.id, account.provider, field))
        for field, sealed in account.credentials.items()
    }
    return here.providers.open(AccountKeys(str(account.id), account.provider, account.host, plain, account.settings))


def close_open() -> None:
    """Close the adapters that this process keeps open."""
    with _opening:
        while _open:
            _open.popitem()[1][1].close()


def open_breaker(tx: Tx, account_id: uuid.UUID, reason: str, now: datetime) -> bool:
    """Stop fresh sends for the account; answers whether it was closed before."""
    changed = tx.execute(
        update(ProviderAccount)
        .where(ProviderAccount.id == account_id, ProviderAccount.breaker_opened_at.is_(None))
        .values(breaker_opened_at=now, breaker_reason=reason)
        .returning(ProviderAccount.id)
    ).all()
    return bool(changed)


def close_breaker(tx: Tx, account_id: uuid.UUID, now: datetime) -> None:
    """A good answer came: fresh sends go on."""
    tx.execute(
        update(ProviderAccount)
        .where(ProviderAccount.id == account_id)
        .values(breaker_opened_at=None, breaker_reason=None, last_good_call_at=now)
    )


def take_trial(tx: Tx, account_id: uuid.UUID, now: datetime) -> bool:
    """Whether one send may try an account whose breaker opened after ambiguous answers; one a minute.

    Wrong credentials need a person, so that breaker gives no trial.
    """
    taken = tx.execute(
        update(ProviderAccount)
        .where(
            ProviderAccount.id == account_id,
            ProviderAccount.breaker_reason == AMBIGUOUS,
            ProviderAccount.breaker_opened_at <= now - TRIAL_AFTER,
        )
        .values(breaker_opened_at=now)
        .returning(ProviderAccount.id)
    ).all()
    return bool(taken)


def too_many_ambiguous(tx: Tx, account_id: uuid.UUID, now: datetime) -> bool:
    """Whether the account gave five ambiguous answers within five minutes, the present one included."""
    count = tx.execute(
        select(func.count())
        .select_from(Attempt)
        .join(Operation, Operation.id == Attempt.operation_id)
        .where(
            Operation.account_id == account_id,
            Attempt.outcome == Outcome.IN_DOUBT,
            Attempt.ended_at > now - AMBIGUOUS_WITHIN,
        )
    ).scalar_one()
    return int(count) >= MOST_AMBIGUOUS


def stop_for_credentials(tx: Tx, account_id: uuid.UUID) -> None:
    """The account's keys cannot be used: fresh sends stop until a person has looked."""
    open_breaker(tx, account_id, CREDENTIALS, runtime.current().clock.now(tx))
