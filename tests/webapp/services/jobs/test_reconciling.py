"""The reconcile job: one read of each payment that is due, a second one for what is missing, rows for what matters."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import event

from providers.komoju.adapter import KomojuProvider
from providers.snapshots import PaymentSnapshot
from tests import factories, klarna_desk
from tests.desk import Desk
from tests.webapp.services.cases import cases_desk
from tests.webapp.services.cases.cases_desk import refunded, shows_the_past, standing
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.test_running import Died, Killer
from webapp.domain.cases import CaseKind, CaseState
from webapp.domain.outcomes import RowOutcome
from webapp.domain.permissions import Role
from webapp.models import Payment, ProviderAccount
from webapp.services import kill_points, runtime
from webapp.services.cases import comparing
from webapp.services.jobs import making, reconciling, running, schedules

K, S = CaseKind, CaseState
DUE = timedelta(minutes=16)


class Reads:
    """Counts the reads that adapters make, by the provider's reference."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.of: list[str] = []
        fetch = KomojuProvider.fetch_payment

        def counted(adapter: KomojuProvider, ref: str) -> PaymentSnapshot:
            self.of.append(ref)
            return fetch(adapter, ref)

        monkeypatch.setattr(KomojuProvider, "fetch_payment", counted)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def test_each_payment_that_is_due_is_read_once_and_one_that_agrees_has_no_row_R28(desk: Desk, reads: Reads) -> None:
    payments = [desk.payment(3300) for _ in range(6)]
    factories.shop("other")
    desk.later(seconds=DUE.seconds)
    moved = desk.row(payments[2]).provider_ref
    desk.emulator.portal(moved, "refund", amount_minor=500)
    reads.of.clear()
    run_id = jobs_desk.run(desk, "reconcile")
    assert sorted(reads.of) == sorted(desk.row(payment).provider_ref for payment in payments)
    ((line,),) = [jobs_desk.rows(run_id)]
    assert (line.row.payment_id, line.row.code, line.outcome) == (payments[2], "booked_outside", RowOutcome.DONE)
    run = jobs_desk.the_run(run_id)
    assert (run.result, run.counts, run.ended_at is not None) == ("6", {"test": {"done": 1}}, True)
    schedules.ensure()
    making.tick()
    running.run_due()
    assert [run.result for run in jobs_desk.runs("reconcile") if run.request_id is None] == ["0", "0"]
    assert len(reads.of) == 6
    desk.assert_books_are_whole()


def test_by_hand_everything_is_read_that_is_compared_at_all(desk: Desk, reads: Reads) -> None:
    payment = desk.payment(3300)
    desk.change(Payment, desk.payment(3300), compare_at=None)
    reads.of.clear()
    run_id = making.run_now(jobs_desk.signed_in(desk, Role.MERCHANT), "reconcile", desk.shop_id, uuid.uuid4())
    running.run_job(run_id)
    assert reads.of == [desk.row(payment).provider_ref]


def test_what_is_missing_is_read_again_a_minute_later_and_then_a_case(desk: Desk) -> None:
    payment, _operation = refunded(desk)
    shows_the_past(desk)
    run_id = jobs_desk.run(desk, "reconcile")
    run = jobs_desk.the_run(run_id)
    assert (run.ended_at, standing(payment)) == (None, [(K.OURS_MISSING, S.SUSPECTED)])
    assert timedelta(0) < run.not_before - desk.clock.wall() <= timedelta(seconds=60)
    assert not running.run_job(run_id)
    desk.later(seconds=61)
    assert running.run_job(run_id)
    assert standing(payment) == [(K.OURS_MISSING, S.OPEN)]
    (line,) = jobs_desk.rows(run_id)
    assert (line.row.code, line.row.details) == ("cases", {"kinds": ["ours_missing"], "booked": 0})
    assert (jobs_desk.the_run(run_id).result, jobs_desk.the_run(run_id).ended_at is not None) == ("1", True)
    desk.emulator.clear_faults()
    desk.later(hours=1)
    jobs_desk.run(desk, "reconcile")
    assert standing(payment) == [(K.OURS_MISSING, S.CLOSED)]
    assert desk.row(payment).frozen_at is None


def test_a_provider_that_is_down_fails_its_rows_and_is_left_alone_until_the_next_run(
    desk: Desk, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "READERS", 1)
    payments = [desk.payment(3300) for _ in range(9)]
    desk.later(seconds=DUE.seconds)
    reads.of.clear()
    desk.emulator.fault("error_before", "read", status=503)
    run_id = jobs_desk.run(desk, "reconcile")
    codes = jobs_desk.codes(run_id)
    assert codes[:5] == ["unclear"] * 5
    assert codes[-1] == "provider_down"
    assert len(codes) == len(payments)
    assert len(reads.of) < len(payments)
    assert jobs_desk.the_run(run_id).counts == {"test": {"failed": 9}}
    desk.emulator.clear_faults()
    assert jobs_desk.the_run(jobs_desk.run(desk, "reconcile")).result == "9"


def test_an_account_whose_breaker_is_open_is_not_asked_R46(desk: Desk, reads: Reads) -> None:
    desk.payment(3300)
    desk.later(seconds=DUE.seconds)
    desk.change(ProviderAccount, desk.account_id, breaker_opened_at=desk.clock.wall(), breaker_reason="ambiguous")
    reads.of.clear()
    assert jobs_desk.codes(jobs_desk.run(desk, "reconcile")) == ["breaker_open"]
    assert reads.of == []


def test_refused_keys_stop_sending_too(desk: Desk) -> None:
    for _ in range(3):
        desk.payment(3300)
    desk.later(seconds=DUE.seconds)
    desk.emulator.fault("unauthorised", "read")
    assert set(jobs_desk.codes(jobs_desk.run(desk, "reconcile"))) == {"credentials"}
    assert desk.account().breaker_reason == "credentials"


def test_one_accounts_fault_stops_no_other(desk: Desk) -> None:
    komoju = desk.payment(3300)
    klarna = klarna_desk.order(klarna_desk.use_klarna(desk), 3300)
    svea = cases_desk.svea(desk)
    desk.later(seconds=DUE.seconds)
    desk.emulator.fault("error_before", "read", provider="klarna", status=500)
    for payment, provider in ((komoju, "komoju"), (svea, "svea")):
        action = "refund" if provider == "komoju" else "cancel"
        desk.emulator.portal(desk.row(payment).provider_ref, action, provider=provider)
    found = {line.row.payment_id: line.row.code for line in jobs_desk.rows(jobs_desk.run(desk, "reconcile"))}
    assert found == {komoju: "booked_outside", klarna: "unclear", svea: "booked_outside"}


def test_an_error_of_ours_stands_in_the_row_and_stops_no_other_payment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, good = sorted(desk.payment(3300) for _ in range(2))
    desk.later(seconds=DUE.seconds)
    take_in = comparing.take_in

    def sometimes(tx: object, read: reconciling.Read) -> object:
        if read.wanted.payment_id == broken:
            raise ZeroDivisionError
        return take_in(tx, read)  # type: ignore[arg-type]

    monkeypatch.setattr(comparing, "take_in", sometimes)
    run_id = jobs_desk.run(desk, "reconcile")
    assert [(line.row.code, line.row.details) for line in jobs_desk.rows(run_id)] == [
        ("not_compared", {"error": "ZeroDivisionError"})
    ]
    assert desk.row(good).compare_at > desk.row(broken).compare_at  # type: ignore[operator]


def test_killed_anywhere_a_run_goes_on_where_it_stopped_and_reads_nothing_it_has_taken_in_K15(
    desk: Desk, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "BATCH", 1)
    payments = [desk.payment(3300) for _ in range(3)]
    for nth in (2, 3, 4, 5, 7):
        desk.later(hours=30)
        reads.of.clear()
        run_id = making.run_by_operator("reconcile", desk.shop_id, uuid.uuid4())
        kill_points.observe(Killer(nth))
        with pytest.raises(Died):
            running.run_job(run_id)
        kill_points.observe(None)
        desk.later(seconds=121)
        assert running.run_job(run_id)
        run = jobs_desk.the_run(run_id)
        assert (run.result, run.ended_at is not None, len(reads.of) >= len(payments)) == ("3", True, True), nth
    assert standing(payments[0]) == []
    desk.assert_books_are_whole()


def test_no_transaction_is_open_while_a_provider_is_read_I4(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        desk.payment(3300)
    desk.later(seconds=DUE.seconds)
    monkeypatch.setattr(reconciling, "READERS", 1)
    monkeypatch.setattr(reconciling, "BATCH", 9)
    seen: list[int] = []
    engine = runtime.current().engine
    open_now = {"count": 0}
    event.listen(engine, "begin", lambda _c: open_now.__setitem__("count", open_now["count"] + 1))
    for end in ("commit", "rollback"):
        event.listen(engine, end, lambda _c: open_now.__setitem__("count", open_now["count"] - 1))
    fetch = KomojuProvider.fetch_payment

    def watched(adapter: KomojuProvider, ref: str) -> PaymentSnapshot:
        seen.append(open_now["count"])
        return fetch(adapter, ref)

    monkeypatch.setattr(KomojuProvider, "fetch_payment", watched)
    jobs_desk.run(desk, "reconcile")
    assert seen == [0, 0, 0]
