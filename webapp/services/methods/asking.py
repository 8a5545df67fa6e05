"""“Sync now”: the wish is a row before a worker hears of it, so it outlasts a lost Redis (I10, R18)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import or_, select, update

from webapp.domain.permissions import Permission
from webapp.models import ProviderAccount, Via
from webapp.services import audit, runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import NoRight, NotFound
from webapp.services.methods.syncing import sync_account
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction

SYNC = "tasks.methods.sync_account"
LEASE = timedelta(seconds=120)  # longer than a read may take


def ask(actor: SignedIn, account_id: uuid.UUID) -> bool:
    """Have a worker sync the account; False when somebody waits for that already. Raises NotFound, NoRight."""

    def work(tx: Tx) -> bool:
        account = tx.get(ProviderAccount, account_id)
        if account is None:
            raise NotFound(f"provider account {account_id}")
        if not actor.may(Permission.SWITCH_METHODS, account.shop_id):
            raise NoRight(Permission.SWITCH_METHODS, account.shop_id)
        now = runtime.current().clock.now(tx)
        asked = tx.scalar(
            update(ProviderAccount)
            .where(ProviderAccount.id == account_id, ProviderAccount.method_sync_asked_at.is_(None))
            .values(method_sync_asked_at=now, method_sync_lease_until=None)
            .returning(ProviderAccount.id)
            .execution_options(synchronize_session=False)
        )
        if asked is None:
            return False
        wake_ups.add(tx, SYNC, account_id, queue=wake_ups.DEFAULT_QUEUE, not_before=now)
        who, subject = Actor(actor.user_id, Via.WEB), ("provider_account", account_id)
        audit.write(tx, who, "methods.sync_asked", subject, shop_id=account.shop_id, details={}, at=now)
        return True

    return in_transaction(work)


def run_asked(account_id: uuid.UUID) -> bool:
    """Sync the account if somebody waits for it; False when nobody does or another worker is at it."""
    if not in_transaction(lambda tx: _claim(tx, account_id)):
        return False
    sync_account(account_id, audit.SYSTEM)
    return True


def run_due() -> int:
    """Sync what was asked for and not done, for the poll; answers how many accounts."""

    def waiting(tx: Tx) -> list[uuid.UUID]:
        asked = ProviderAccount.method_sync_asked_at
        return list(tx.scalars(select(ProviderAccount.id).where(asked.is_not(None)).order_by(asked)))

    return sum(run_asked(account_id) for account_id in in_transaction(waiting))


def _claim(tx: Tx, account_id: uuid.UUID) -> bool:
    now = runtime.current().clock.now(tx)
    lease = ProviderAccount.method_sync_lease_until
    claimed = tx.scalar(
        update(ProviderAccount)
        .where(ProviderAccount.id == account_id, ProviderAccount.method_sync_asked_at.is_not(None))
        .where(or_(lease.is_(None), lease < now))
        .values(method_sync_lease_until=now + LEASE)
        .returning(ProviderAccount.id)
        .execution_options(synchronize_session=False)
    )
    return claimed is not None
