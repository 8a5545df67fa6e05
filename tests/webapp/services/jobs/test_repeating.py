"""Repeat only the failed: new operations of a person, by the same rule; what was rejected is never taken again."""

from __future__ import annotations

import uuid

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, run_and_send, signed_in
from webapp.domain.outcomes import RowOutcome
from webapp.domain.permissions import Role
from webapp.models import Operation, Order
from webapp.services.errors import NoRight, NotFound, RuleBroken
from webapp.services.jobs import repeating, running
from webapp.services.operations import running as operations


def failed_run(desk: Desk, *numbers: str) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """A run of the refund job in which every order failed for good."""
    payments = [cancelled_payment(desk, order_number=number) for number in numbers]
    desk.emulator.fault("error_before", call="refund", times=len(numbers), status=400)
    run_id = run_and_send(desk, "refund")
    assert jobs_desk.outcomes(run_id) == [RowOutcome.FAILED] * len(numbers)
    return run_id, payments


def test_only_the_failed_are_taken_again_as_a_persons_wish(desk: Desk) -> None:
    run_id, (failed, rejected, changed) = failed_run(desk, "C3", "C2", "C1")
    desk.change(Operation, jobs_desk.operations_of(rejected)[0].id, state_forbids=True)
    desk.change(Order, desk.row(changed).order_id, undo_change_id=None)
    person, form = signed_in(desk, Role.MERCHANT), uuid.uuid4()
    again = repeating.repeat_failed(person, run_id, form)
    assert repeating.repeat_failed(person, run_id, form) == again
    running.run_due()
    operations.run_due()
    running.run_due()
    assert [(line.order_number, line.outcome, line.row.code) for line in jobs_desk.rows(again)] == [
        ("C3", RowOutcome.DONE, None),
        ("C1", RowOutcome.SKIPPED, "not_cancelled"),
    ]
    made = jobs_desk.operations_of(failed)[-1]
    assert (made.requested_by, made.status_change_id) == (person.user_id, None)
    assert (jobs_desk.the_run(again).repeat_of, len(desk.effects(failed))) == (run_id, 1)
    desk.assert_books_are_whole()


def test_who_may_repeat_and_what_can_be_repeated_I18(desk: Desk) -> None:
    run_id, _payments = failed_run(desk, "D1")
    form, other = uuid.uuid4(), factories.shop("other").id
    with pytest.raises(NotFound):
        repeating.repeat_failed(signed_in(desk, Role.OWNER, shop_id=other), run_id, form)
    with pytest.raises(NoRight):
        repeating.repeat_failed(signed_in(desk, Role.VIEWER), run_id, form)
    person = signed_in(desk, Role.ADMIN)
    with pytest.raises(NotFound):
        repeating.repeat_failed(person, uuid.uuid4(), form)
    for code, run in (
        ("nothing_failed", jobs_desk.run(desk, "refund")),
        ("nothing_failed", jobs_desk.run(desk, "look-up")),
    ):
        with pytest.raises(RuleBroken, match=code):
            repeating.repeat_failed(person, run, form)
    cancelled_payment(desk)
    with pytest.raises(RuleBroken, match="not_ended"):
        repeating.repeat_failed(person, jobs_desk.run(desk, "refund"), form)
