"""Housekeeping drops what was kept long enough, runs after 90 days; the verifier says what it saw."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment
from webapp.models import JobRow, JobRun, RateEvent, UserSession
from webapp.services import runtime
from webapp.services.jobs import making, running, upkeep
from webapp.services.unit_of_work import in_transaction


def test_old_counters_and_sessions_are_dropped(desk: Desk) -> None:
    now = in_transaction(runtime.current().clock.now)
    factories.add(RateEvent(kind="sign_in", subject="x", at=factories.LONG_AGO))
    factories.add(RateEvent(kind="sign_in", subject="y", at=now))
    factories.add(
        UserSession(
            user_id=desk.user_id,
            token_hash="h",
            mode="test",
            created_at=factories.LONG_AGO,
            last_seen_at=factories.LONG_AGO,
        )
    )
    upkeep.sweep_out()
    left = in_transaction(lambda tx: tx.scalars(select(RateEvent.subject)).all())
    assert left == ["y"]
    assert in_transaction(lambda tx: tx.scalars(select(UserSession)).all()) == []


def test_runs_are_kept_for_90_days_and_their_operations_for_ever(desk: Desk) -> None:
    payment = cancelled_payment(desk)
    old, fresh = jobs_desk.run_and_send(desk, "refund"), jobs_desk.run(desk, "cancel")
    now = in_transaction(runtime.current().clock.now)
    desk.change(JobRun, old, ended_at=now - timedelta(days=90, seconds=1))
    assert upkeep.sweep_out() == "0 wake-ups and 1 runs dropped"
    assert [run.id for run in jobs_desk.runs()] == [fresh]
    assert in_transaction(lambda tx: tx.scalars(select(JobRow)).all()) == []
    assert len(jobs_desk.operations_of(payment)) == 1


def test_the_verifier_job_says_what_is_wrong_R47(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.raw(f"update payments set authorised_minor = 9999 where provider_ref = '{desk.row(payment).provider_ref}'")
    running.run_job(making.run_by_operator("verify", None, uuid.uuid4()))
    assert str(payment) in (jobs_desk.runs("verify")[0].result or "")
