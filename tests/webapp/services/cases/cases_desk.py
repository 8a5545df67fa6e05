"""What tests of cases do and look at."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from tests.providers.svea.desk import MERCHANT, SECRET, svea_account, svea_order
from webapp.domain.cases import CaseKind, CaseState
from webapp.models import AuditEntry, Case, LedgerMovement, Payment, ProviderAccount
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.cases import asking
from webapp.services.cases.asking import Answer
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import in_transaction
from webapp.services.vault import credential_place

PAST_SETTLING = 16 * 60
AGO = 20 * 60  # longer than the settle window, shorter than two


def compare(desk: Desk, payment_id: uuid.UUID) -> Answer:
    return asking.compare(desk.shop_id, [payment_id])


def compare_twice(desk: Desk, payment_id: uuid.UUID) -> None:
    """Two reads of which the second may confirm what the first has shown."""
    compare(desk, payment_id)
    desk.later(seconds=61)
    compare(desk, payment_id)


def cases(payment_id: uuid.UUID) -> Sequence[Case]:
    """The payment's cases, oldest first."""
    query = select(Case).where(Case.payment_id == payment_id).order_by(Case.first_read_at, Case.id)
    return in_transaction(lambda tx: tx.scalars(query).all())


def standing(payment_id: uuid.UUID) -> list[tuple[CaseKind, CaseState]]:
    return [(case.kind, case.state) for case in cases(payment_id)]


def audited(action: str) -> int:
    query = select(AuditEntry).where(AuditEntry.action == action)
    return in_transaction(lambda tx: len(tx.scalars(query).all()))


def movements(payment_id: uuid.UUID, kind: str) -> Sequence[LedgerMovement]:
    query = select(LedgerMovement).where(LedgerMovement.payment_id == payment_id, LedgerMovement.kind == kind)
    return in_transaction(lambda tx: tx.scalars(query).all())


def refunded(desk: Desk, amount_minor: int = 500) -> tuple[uuid.UUID, uuid.UUID]:
    """A captured payment with a refund of ours that succeeded, long enough ago to be shown; and the operation."""
    payment = desk.payment(3300)
    desk.later(seconds=PAST_SETTLING)
    operation = desk.ask(payment, amount_minor)
    desk.run(operation)
    desk.later(seconds=PAST_SETTLING)
    return payment, operation


def shows_the_past(desk: Desk, seconds: float = AGO, **fields: object) -> None:
    """The provider's reads show what was true so long ago: for our books, movements are missing."""
    desk.emulator.fault("stale_read", "read", seconds=seconds, **fields)


def svea(desk: Desk, minor: int = 3300, **fields: object) -> uuid.UUID:
    """An order at a Svea account of its own, taken into the desk; answers the payment's id."""
    svea_account(desk.emulator)
    account_id, vault = new_id(), runtime.current().vault
    keys = {"merchant_id": MERCHANT, "shared_secret": SECRET}
    factories.add(
        ProviderAccount(
            id=account_id,
            shop_id=desk.shop_id,
            provider="svea",
            mode=desk.account().mode,
            name="Svea",
            host="emulator",
            credentials={
                name: vault.seal(value, credential_place(account_id, "svea", name)) for name, value in keys.items()
            },
            webhook_token=uuid.uuid4().hex,
            settings={"currency": "SEK"},
            created_at=factories.LONG_AGO,
        )
    )
    ref = svea_order(desk.emulator, minor, **fields)
    addition = Addition(
        actor=desk.actor, shop_id=desk.shop_id, account_id=account_id, provider_ref=ref, order_number=f"S-{ref}"
    )
    add_payment(addition)
    query = select(Payment.id).where(Payment.provider_ref == ref)
    return in_transaction(lambda tx: tx.execute(query).scalar_one())
