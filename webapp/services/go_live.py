"""What an account in test mode has proven before it goes live; computed at each look, nothing of it is stored.

An action counts when an operation of ours succeeded on a payment of the account, its movement stands in the ledger, and
a read that began later showed the sums of our books.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, func, select

from providers.kinds import NotOffered, OperationKind, ProviderState
from providers.port import PaymentFacts
from webapp.domain.cases import OF_READS, CaseState
from webapp.domain.operations import OperationState
from webapp.models import Case, LedgerMovement, Operation, Payment, ProviderAccount, WebhookMessage, WebhookState
from webapp.services import runtime
from webapp.services.methods.fetching import SyncCode
from webapp.services.unit_of_work import Tx

LOOKED_AT = 20
_UNVERIFIED = (WebhookState.REFUSED,)


class Check(StrEnum):
    """One thing to try, in the order in which pages show them."""

    METHODS = "methods"
    CAPTURED = "captured"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    UPDATED = "updated"
    WEBHOOK = "webhook"


class Standing(StrEnum):
    """How far one thing is."""

    PROVEN = "proven"
    TO_COMPARE = "to_compare"  # done here, and the provider was not read since
    DIFFERS = "differs"  # done here, and the provider shows something else
    MISSING = "missing"


KINDS = {
    Check.CAPTURED: OperationKind.CAPTURE,
    Check.CANCELLED: OperationKind.CANCEL,
    Check.REFUNDED: OperationKind.REFUND,
    Check.UPDATED: OperationKind.UPDATE,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list; `at` is when it was last proven or done, `operation_id` and `payment_id` what proves it."""

    check: Check
    standing: Standing
    at: datetime | None = None
    operation_id: uuid.UUID | None = None
    payment_id: uuid.UUID | None = None


def checklist(tx: Tx, account: ProviderAccount) -> Sequence[Item]:
    """What this account has proven, and what is missing; what its provider cannot do is left out."""
    offered = {check: kind for check, kind in KINDS.items() if _is_offered(account, kind)}
    actions = [_action(tx, account, check, kind) for check, kind in offered.items()]
    return [_methods(account), *actions, _webhook(tx, account)]


def to_read(items: Sequence[Item]) -> list[uuid.UUID]:
    """The payments whose reading could prove more."""
    wanted = [item.payment_id for item in items if item.payment_id and item.standing is not Standing.PROVEN]
    return sorted(set(wanted))


def _is_offered(account: ProviderAccount, kind: OperationKind) -> bool:
    """Whether the provider can do it at all, asked of a payment that nothing speaks against."""
    capabilities = runtime.current().providers.capabilities(account.provider)
    currency = min(capabilities.currencies)
    facts = PaymentFacts(ProviderState.AUTHORISED, "", currency, 1000, 0, 0, 0)
    availability = capabilities.availability(kind, facts, account.settings)
    return availability.possible or availability.why_not is not NotOffered.NOT_SUPPORTED


def _methods(account: ProviderAccount) -> Item:
    is_good = account.method_sync_result == SyncCode.GOOD and account.methods_read_at is not None
    return Item(Check.METHODS, Standing.PROVEN if is_good else Standing.MISSING, account.methods_read_at)


def _webhook(tx: Tx, account: ProviderAccount) -> Item:
    """Any message that was taken for genuine, whatever it was about."""
    newest = select(func.max(WebhookMessage.received_at)).where(
        WebhookMessage.account_id == account.id, WebhookMessage.state.not_in(_UNVERIFIED)
    )
    at = tx.scalar(newest)
    return Item(Check.WEBHOOK, Standing.MISSING if at is None else Standing.PROVEN, at)


def _action(tx: Tx, account: ProviderAccount, check: Check, kind: OperationKind) -> Item:
    """The newest operation that proves it, else the newest one that was done."""
    differs = exists().where(
        Case.payment_id == Payment.id,
        Case.kind.in_(OF_READS),
        Case.state.in_((CaseState.SUSPECTED, CaseState.OPEN)),
    )
    moved = exists().where(LedgerMovement.operation_id == Operation.id, LedgerMovement.payment_id == Payment.id)
    rows = tx.execute(
        select(Operation.id, Operation.ended_at, Payment.id, Payment.agreed_at, differs)
        .select_from(Payment)
        .join(Operation, Operation.payment_id == Payment.id)
        .where(Payment.shop_id == account.shop_id, Payment.mode == account.mode, Payment.account_id == account.id)
        .where(Operation.kind == kind, Operation.state == OperationState.SUCCEEDED, moved)
        .order_by(Operation.ended_at.desc(), Operation.id)
        .limit(LOOKED_AT)
    )
    found = [
        Item(check, _standing(ended_at, agreed_at, is_different), ended_at, operation_id, payment_id)
        for operation_id, ended_at, payment_id, agreed_at, is_different in rows
    ]
    proven = (item for item in found if item.standing is Standing.PROVEN)
    return next(proven, found[0] if found else Item(check, Standing.MISSING))


def _standing(ended_at: datetime | None, agreed_at: datetime | None, is_different: bool) -> Standing:
    if is_different:
        return Standing.DIFFERS
    is_read = ended_at is not None and agreed_at is not None and agreed_at >= ended_at
    return Standing.PROVEN if is_read else Standing.TO_COMPARE
