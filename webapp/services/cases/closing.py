"""A person sets a case aside, with a note; the next comparison does not bring it up again while it says the same."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from webapp.domain.cases import CaseKind, CaseState
from webapp.domain.permissions import Permission
from webapp.models import Case, Via
from webapp.services import audit, runtime
from webapp.services.audit import Actor
from webapp.services.cases import keeping
from webapp.services.cases.keeping import CHARGEBACK, DIFFERENCE
from webapp.services.editing import change
from webapp.services.errors import NoRight, NotFound, RuleBroken
from webapp.services.operations.outcomes import locked_payment
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction


def set_aside(actor: SignedIn, case_id: uuid.UUID, version: int, note: str) -> None:
    """Close a case that stands open. A payment that was frozen for it alone goes on, money that is too much stays so.

    Raises NotFound, NoRight, StaleVersion, or RuleBroken `case_closed`.
    """

    def work(tx: Tx) -> None:
        case = _visible(tx, actor, case_id)
        payment = locked_payment(tx, case.payment_id)
        if not actor.may(Permission.CLOSE_CASES, case.shop_id):
            raise NoRight(Permission.CLOSE_CASES, case.shop_id)
        if case.state is not CaseState.OPEN:
            raise RuleBroken("case_closed")
        now = runtime.current().clock.now(tx)
        closed = {"state": CaseState.SET_ASIDE, "closed_at": now, "closed_by": actor.user_id, "note": note}
        change(tx, Case, case.id, version, **closed)
        left = [kind for kind, each in keeping.live(tx, payment.id).items() if each.state is CaseState.OPEN]
        who = Actor(actor.user_id, Via.WEB)
        if payment.frozen_reason == DIFFERENCE and not keeping.freezes(left):
            keeping.thaw(tx, payment, now, without=DIFFERENCE, actor=who)
        if payment.frozen_reason == CHARGEBACK and case.kind is CaseKind.CHARGEBACK:
            keeping.thaw(tx, payment, now, without=CHARGEBACK, actor=who)
        details = {"kind": case.kind.value, "payment": str(payment.id), "note": note}
        audit.write(tx, who, "case.set_aside", ("case", case.id), shop_id=case.shop_id, details=details, at=now)

    in_transaction(work)


def _visible(tx: Tx, actor: SignedIn, case_id: uuid.UUID) -> Case:
    query = select(Case).where(Case.id == case_id, Case.state != CaseState.SUSPECTED)
    case = tx.scalars(query).one_or_none()
    if case is None or not actor.may(Permission.VIEW, case.shop_id):
        raise NotFound(f"case {case_id}")
    return case
