"""The verifier: each kind of harm to the books is found and its row named (I1, I3, I9, I12, I17)."""

from __future__ import annotations

import uuid

import pytest

from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Operation
from webapp.services import verify


@pytest.fixture
def books(desk: Desk) -> tuple[Desk, uuid.UUID, uuid.UUID]:
    """A payment with a refund done and one under way, on a database that no longer guards itself."""
    payment = desk.payment(3300)
    desk.run(desk.ask(payment, 1000))
    operation = desk.ask(payment, 500)
    desk.drop_guards()
    if desk.is_postgresql:
        for name in ("refunds", "captures_and_cancels", "bounds"):
            desk.raw(f"alter table payments drop constraint ck_payments_{name}")
    assert list(verify.problems()) == []
    return desk, payment, operation


def harm(desk: Desk, sql: str) -> list[str]:
    """What the verifier says after it."""
    checks_off = [] if desk.is_postgresql else ["pragma ignore_check_constraints = on"]
    desk.raw(*checks_off, sql)
    return list(verify.problems())


@pytest.mark.parametrize(
    ("sums", "rule"),
    [
        ("refunded_minor = 3000", "I1"),
        ("refund_reserved_minor = 2500", "I1"),
        ("cancel_reserved_minor = 1", "I1"),
        ("capture_reserved_minor = 1", "I1"),
        ("cancelled_minor = 1", "I1"),
        ("refunded_minor = 999", "I9: the refunded"),
        ("authorised_minor = 3301", "I9: the authorised"),
        ("captured_minor = 3299", "I9: the captured"),
        ("cancelled_minor = 1", "I9: the cancelled"),
        ("refund_reserved_minor = 499", "I3"),
        ("refund_reserved_minor = 501", "I3"),
        ("capture_reserved_minor = 1", "I3"),
        ("cancel_reserved_minor = 1", "I3"),
    ],
)
def test_sums_that_are_wrong_are_named_with_their_payment(
    books: tuple[Desk, uuid.UUID, uuid.UUID], sums: str, rule: str
) -> None:
    desk, payment, _operation = books
    said = harm(desk, f"update payments set {sums}")
    assert any(line.startswith(rule) and str(payment) in line for line in said), said


@pytest.mark.parametrize(
    "sql",
    [
        "update movements set amount_minor = amount_minor + 1 where kind = 'refund'",
        "delete from movements where kind = 'refund'",
    ],
)
def test_a_ledger_that_was_changed_is_named_I9(books: tuple[Desk, uuid.UUID, uuid.UUID], sql: str) -> None:
    desk, payment, _operation = books
    assert any(line.startswith("I9: the refunded") and str(payment) in line for line in harm(desk, sql))


def test_an_operation_nobody_will_look_at_is_named_I12(books: tuple[Desk, uuid.UUID, uuid.UUID]) -> None:
    desk, _payment, operation = books
    desk.change(Operation, operation, due_at=None)
    assert any(line.startswith("I12") and str(operation) in line for line in verify.problems())
    desk.change(Operation, operation, state=OperationState.REVIEW)
    assert list(verify.problems()) == []


def test_a_reservation_released_behind_the_back_is_named_I3(books: tuple[Desk, uuid.UUID, uuid.UUID]) -> None:
    desk, payment, operation = books
    desk.change(Operation, operation, state=OperationState.WITHDRAWN)
    assert any(line.startswith("I3") and str(payment) in line for line in verify.problems())


def test_a_report_tells_the_chain_from_the_books_and_has_place_for_both_R47() -> None:
    books, chain = [f"I9: {n}" for n in range(60)], [f"I17: {n}" for n in range(60)]
    said = verify.report([*books, *chain])
    assert said.splitlines() == [*books[:25], *chain[:25]]
    assert verify.report([*books, chain[0]]).splitlines() == [*books[:49], chain[0]]
    found = {report: (verify.is_about_books(report), verify.is_about_audit(report)) for report in (said, chain[0])}
    assert found == {said: (True, True), chain[0]: (False, True)}
    assert verify.report([]) == verify.WHOLE
    assert (verify.is_about_books(verify.WHOLE), verify.is_about_audit(verify.WHOLE)) == (False, False)


def test_a_broken_audit_chain_is_named_I17(books: tuple[Desk, uuid.UUID, uuid.UUID]) -> None:
    desk, _payment, _operation = books
    desk.raw("update audit_entries set action = 'x' where number = 1")
    assert "I17: audit entry 1 was changed" in list(verify.problems())
