"""Running what is due: in order, for a while, and with a baseline where the provider keeps no reference (C2)."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.models import Operation, WakeUp
from webapp.services import runtime
from webapp.services.operations import running
from webapp.services.unit_of_work import in_transaction

S = OperationState


def words() -> int:
    return in_transaction(lambda tx: tx.execute(select(func.count()).select_from(WakeUp)).scalar_one())


def test_everything_due_is_worked_through_R18(desk: Desk) -> None:
    operations = [desk.ask(desk.payment(3300), 1100) for _ in range(3)]
    assert running.run_due() == 3
    assert {desk.operation(one).state for one in operations} == {S.SUCCEEDED}
    assert running.run_due() == 0


def test_a_job_stops_after_its_time_and_leaves_word_of_what_is_left_R18(desk: Desk) -> None:
    operation = desk.ask(desk.payment(3300), 1100)
    assert running.run_due(most_s=0) == 0
    before = words()
    running.leave_word_if_more_is_due()
    assert words() == before + 1
    desk.run(operation)
    running.leave_word_if_more_is_due()
    assert words() == before + 1


@pytest.fixture
def blind_to_references(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The provider as one of class C2 that must be read before each send."""
    real = runtime.current().providers.capabilities("komoju")
    changed = type("ReadFirst", (type(real),), {"fetch_before_send": True})()
    monkeypatch.setattr(runtime.current().providers, "capabilities", lambda _provider: changed)
    return desk


def test_the_baseline_is_what_the_provider_shows_before_the_send_C2(blind_to_references: Desk) -> None:
    desk = blind_to_references
    payment = desk.payment(3300)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=100)
    operation = desk.ask(payment, 1100)
    assert desk.run(operation)
    baseline = desk.attempts(operation)[0].baseline
    shown = desk.emulator.effects(desk.row(payment).provider_ref, "refund")
    assert len(shown) == 2
    assert len(baseline) == 3  # authorised, captured, and the refund of the portal that our books did not know


def test_without_a_baseline_nothing_is_sent_C2(blind_to_references: Desk) -> None:
    desk = blind_to_references
    payment = desk.payment(3300)
    operation = desk.ask(payment, 1100)
    desk.emulator.fault("error_before", times=1, status=503)
    assert desk.run(operation)
    assert (desk.operation(operation).state, desk.effects(payment)) == (S.QUEUED, [])
    desk.change(Operation, operation, lease_until=None)
    assert desk.run_now(operation).state is S.SUCCEEDED
    assert len(desk.effects(payment)) == 1
