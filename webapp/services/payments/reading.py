"""Read a payment from its provider and take over what it shows."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from webapp.models import Payment, ProviderAccount
from webapp.services import accounts, runtime
from webapp.services.accounts import Account
from webapp.services.operations.outcomes import locked_payment
from webapp.services.payments.applying import apply_snapshot
from webapp.services.unit_of_work import Tx, in_transaction


def read_payment(payment_id: uuid.UUID) -> None:
    """Fetch one payment and book what is new (R33). No transaction is open during the call.

    Raises the reading errors of the port, sqlalchemy's NoResultFound for an unknown id.
    """

    def find(tx: Tx) -> tuple[str, Account, datetime]:
        payment, account = tx.execute(
            select(Payment, ProviderAccount)
            .join(ProviderAccount, ProviderAccount.id == Payment.account_id)
            .where(Payment.id == payment_id)
        ).one()
        return payment.provider_ref, accounts.account_of(account), runtime.current().clock.now(tx)

    provider_ref, account, read_at = in_transaction(find)
    snapshot = accounts.adapter(account).fetch_payment(provider_ref)

    def take_in(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        apply_snapshot(tx, locked_payment(tx, payment_id), snapshot, account.capabilities, now, read_at=read_at)

    in_transaction(take_in)
