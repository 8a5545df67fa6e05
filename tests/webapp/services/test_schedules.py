"""Schedules are rows: missed ticks run once, and one of many schedulers wins (R17, R20, K15)."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.desk import Desk
from webapp.models import JobRun, RateEvent, Schedule, UserSession, WakeUp
from webapp.services import runtime, schedules
from webapp.services.unit_of_work import in_transaction


@pytest.fixture
def jobs(desk: Desk) -> Desk:
    """A desk whose jobs have their schedules."""
    schedules.ensure()
    return desk


def runs() -> Sequence[JobRun]:
    return in_transaction(lambda tx: tx.scalars(select(JobRun).order_by(JobRun.due_at)).all())


def schedule(job: str) -> Schedule:
    return in_transaction(lambda tx: tx.scalars(select(Schedule).where(Schedule.job == job)).one())


def test_every_job_gets_one_schedule_and_keeps_what_people_set(jobs: Desk) -> None:
    jobs.change(Schedule, schedule("verify").id, interval_s=60, enabled=False)
    schedules.ensure()
    assert (schedule("verify").interval_s, schedule("verify").enabled) == (60, False)


def test_two_schedulers_that_begin_at_once_make_one_set(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(_work: object) -> None:
        raise IntegrityError("insert", {}, Exception())

    monkeypatch.setattr(schedules, "in_transaction", beaten)
    schedules.ensure()


def test_missed_ticks_run_once_and_the_next_one_keeps_its_beat_R20(jobs: Desk) -> None:
    due = schedule("housekeeping").next_due_at
    assert schedules.tick() == 2
    jobs.later(hours=5, minutes=30)
    assert schedules.tick() == 1
    assert schedules.tick() == 0
    assert schedule("housekeeping").next_due_at == due + timedelta(hours=6)
    words = in_transaction(lambda tx: tx.scalars(select(WakeUp)).all())
    assert {word.row_id for word in words} == {run.id for run in runs()}


def test_eight_schedulers_at_once_make_each_run_once_R17_R20_K15(jobs: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _number: schedules.tick(), range(8)))
    assert sum(made) == 2
    assert len(runs()) == 2


def test_a_run_that_exists_is_not_made_again_R17(jobs: Desk) -> None:
    row = schedule("verify")
    factories.add(JobRun(job="verify", due_at=row.next_due_at))
    assert not schedules._make_run(row.id)
    assert [run.job for run in runs()] == ["verify"]


def test_a_schedule_switched_off_or_taken_meanwhile_makes_no_run(jobs: Desk) -> None:
    row = schedule("verify")
    jobs.change(Schedule, row.id, enabled=False)
    assert not schedules._make_run(row.id)
    jobs.change(Schedule, row.id, enabled=True, next_due_at=row.next_due_at + timedelta(days=1))
    assert not schedules._make_run(row.id)


def test_a_run_is_taken_once_whoever_brings_it_R18_K15(jobs: Desk) -> None:
    schedules.tick()
    assert in_transaction(lambda tx: schedules.is_waiting(tx, "verify"))
    assert schedules.run_due() == 2
    assert schedules.run_due() == 0
    assert not schedules.run_job(runs()[0].id)
    assert not in_transaction(lambda tx: schedules.is_waiting(tx, "verify"))
    assert in_transaction(lambda tx: schedules.last_result(tx, "verify")) == "whole"
    assert in_transaction(lambda tx: schedules.last_result(tx, "unheard of")) is None


def test_the_verifier_job_says_what_is_wrong_R47(jobs: Desk) -> None:
    payment = jobs.payment(3300)
    jobs.raw(f"update payments set authorised_minor = 9999 where provider_ref = '{jobs.row(payment).provider_ref}'")
    schedules.tick()
    schedules.run_due()
    said = in_transaction(lambda tx: schedules.last_result(tx, "verify"))
    assert said is not None
    assert str(payment) in said


def test_housekeeping_drops_old_counters_sessions_and_words(jobs: Desk) -> None:
    now = in_transaction(runtime.current().clock.now)
    factories.add(RateEvent(kind="sign_in", subject="x", at=factories.LONG_AGO))
    factories.add(RateEvent(kind="sign_in", subject="y", at=now))
    factories.add(
        UserSession(
            user_id=jobs.user_id,
            token_hash="h",
            mode="test",
            created_at=factories.LONG_AGO,
            last_seen_at=factories.LONG_AGO,
        )
    )
    schedules.tick()
    schedules.run_due()
    left = in_transaction(lambda tx: tx.scalars(select(RateEvent.subject)).all())
    assert left == ["y"]
    assert in_transaction(lambda tx: tx.scalars(select(UserSession)).all()) == []
