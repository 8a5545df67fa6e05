"""A person sets a case aside with a note; it stays so until the facts change (R28, R32)."""

from __future__ import annotations

import uuid

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.cases import cases_desk
from tests.webapp.services.cases.cases_desk import cases, compare, compare_twice, refunded, shows_the_past, standing
from tests.webapp.services.jobs.jobs_desk import signed_in
from webapp.domain.cases import CaseKind, CaseState
from webapp.domain.permissions import Role
from webapp.models import Case, Payment
from webapp.services.cases import closing
from webapp.services.errors import NoRight, NotFound, RuleBroken, StaleVersion

K, S = CaseKind, CaseState


def set_aside(desk: Desk, case: Case, role: Role = Role.MERCHANT, version: int | None = None) -> None:
    closing.set_aside(signed_in(desk, role), case.id, version or case.version, "Seen with the provider.")


def test_a_case_that_is_set_aside_lets_the_payment_go_on_and_does_not_come_back(desk: Desk) -> None:
    payment, _operation = refunded(desk)
    shows_the_past(desk)
    compare_twice(desk, payment)
    (case,) = cases(payment)
    set_aside(desk, case)
    (case,) = cases(payment)
    assert (case.state, case.note, case.closed_by is not None) == (S.SET_ASIDE, "Seen with the provider.", True)
    assert desk.row(payment).frozen_at is None
    assert (cases_desk.audited("case.set_aside"), cases_desk.audited("payment.thawed")) == (1, 1)
    desk.later(seconds=5)
    compare_twice(desk, payment)
    assert standing(payment) == [(K.OURS_MISSING, S.SET_ASIDE)]
    assert desk.row(payment).frozen_at is None
    desk.emulator.clear_faults()
    compare(desk, payment)
    assert standing(payment) == [(K.OURS_MISSING, S.CLOSED)]
    desk.assert_books_are_whole()


def test_other_facts_make_a_new_case(desk: Desk) -> None:
    first = desk.payment(3300, order_number="T-1")
    desk.later(seconds=5)
    second = desk.payment(3300, order_number="T-1")
    compare(desk, second)
    (case,) = cases(second)
    set_aside(desk, case)
    compare(desk, second)
    assert standing(second) == [(K.ORDER_TOTAL, S.SET_ASIDE)]
    desk.run(desk.ask(first, 100))
    compare(desk, second)
    assert standing(second) == [(K.ORDER_TOTAL, S.CLOSED), (K.ORDER_TOTAL, S.OPEN)]


def test_a_chargeback_that_is_settled_frees_the_payment_and_what_is_too_much_does_not(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.emulator.portal(desk.row(payment).provider_ref, "dispute", amount_minor=300)
    compare(desk, payment)
    assert desk.row(payment).frozen_reason == "chargeback"
    set_aside(desk, cases(payment)[0])
    assert desk.row(payment).frozen_at is None
    compare(desk, payment)
    assert (standing(payment), desk.row(payment).frozen_at) == ([(K.CHARGEBACK, S.SET_ASIDE)], None)


def test_excess_keeps_a_payment_frozen_whatever_is_set_aside_I1(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.ask(payment, 3000)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=1000)
    compare(desk, payment)
    set_aside(desk, cases(payment)[0])
    assert desk.row(payment).frozen_reason == "excess"
    desk.change(Payment, payment, frozen_reason="difference")
    desk.change(Case, cases(payment)[0].id, state=S.OPEN, closed_at=None, closed_by=None, note=None)
    set_aside(desk, cases(payment)[0])
    assert desk.row(payment).frozen_reason == "excess"


def test_who_may_and_when(desk: Desk) -> None:
    payment, _operation = refunded(desk)
    shows_the_past(desk)
    compare(desk, payment)
    (suspected,) = cases(payment)
    with pytest.raises(NotFound):
        set_aside(desk, suspected)
    desk.later(seconds=61)
    compare(desk, payment)
    (case,) = cases(payment)
    for role in (Role.VIEWER, Role.SUPPORT, Role.ADMIN):
        with pytest.raises(NoRight):
            set_aside(desk, case, role)
    elsewhere = factories.shop("other").id
    with pytest.raises(NotFound):
        closing.set_aside(signed_in(desk, Role.OWNER, shop_id=elsewhere), case.id, case.version, "x")
    with pytest.raises(NotFound):
        closing.set_aside(signed_in(desk, Role.OWNER), uuid.uuid4(), 1, "x")
    with pytest.raises(StaleVersion):
        set_aside(desk, case, version=case.version + 1)
    set_aside(desk, case, Role.OWNER)
    with pytest.raises(RuleBroken, match="case_closed"):
        set_aside(desk, case, version=case.version + 1)
