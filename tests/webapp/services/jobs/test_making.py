"""The clock makes each run once however many schedulers there are, a form one run by hand (R16, R17, R20, K15)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import runs, schedule, signed_in
from webapp.domain.permissions import Role
from webapp.models import JobRun, Schedule, WakeUp
from webapp.services import runtime
from webapp.services.errors import NoRight, NotFound, RuleBroken
from webapp.services.jobs import making, schedules
from webapp.services.jobs.catalogue import OF_DESK, OF_SHOPS
from webapp.services.unit_of_work import in_transaction

BY_CLOCK = len([job for job in (*OF_SHOPS, *OF_DESK) if job.every_s and not job.waits_first])


@pytest.fixture
def jobs(desk: Desk) -> Desk:
    """A desk whose jobs have their schedules."""
    schedules.ensure()
    return desk


def test_missed_ticks_run_once_and_the_next_one_keeps_its_beat_R20(jobs: Desk) -> None:
    due = schedule("housekeeping").next_due_at
    assert making.tick() == BY_CLOCK
    jobs.later(hours=5, minutes=30)
    desk_wide, of_shop = ["housekeeping"], ["cancel", "refund", "order-status", "reconcile"]  # the others are daily
    assert making.tick() == len(desk_wide) + len(of_shop)
    assert making.tick() == 0
    assert schedule("housekeeping").next_due_at == due + timedelta(hours=6)
    assert schedule("refund", jobs.shop_id).next_due_at == due + timedelta(hours=6)
    words = in_transaction(lambda tx: tx.scalars(select(WakeUp)).all())
    assert {word.row_id for word in words} == {run.id for run in runs()}


def test_eight_schedulers_at_once_make_each_run_once_R17_R20_K15(jobs: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _number: making.tick(), range(8)))
    assert sum(made) == BY_CLOCK
    assert len(runs()) == BY_CLOCK


def test_a_run_that_exists_is_not_made_again_R17(jobs: Desk) -> None:
    row = schedule("refund", jobs.shop_id)
    there = {"job": "refund", "shop_id": jobs.shop_id, "due_at": row.next_due_at, "not_before": row.next_due_at}
    factories.add(JobRun(**there, overdue_at=row.overdue_at))
    assert not making._make(row.id)
    assert len(runs("refund")) == 1


def test_a_schedule_switched_off_or_taken_meanwhile_makes_no_run(jobs: Desk) -> None:
    row = schedule("verify")
    jobs.change(Schedule, row.id, enabled=False)
    assert not making._make(row.id)
    jobs.change(Schedule, row.id, enabled=True, next_due_at=row.next_due_at + timedelta(days=1))
    assert not making._make(row.id)
    assert runs() == []


def test_a_form_sent_twice_makes_one_run_R16(jobs: Desk) -> None:
    person, form = signed_in(jobs, Role.MERCHANT), uuid.uuid4()
    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda _n: making.run_now(person, "refund", jobs.shop_id, form), range(4)))
    assert len(made) == len(runs("refund")) == 1
    assert runs("refund")[0].requested_by == person.user_id
    with pytest.raises(RuleBroken, match="request_id_taken"):
        making.run_now(person, "cancel", jobs.shop_id, form)


def test_who_may_run_a_job_now_I18(jobs: Desk) -> None:
    form, other = uuid.uuid4(), factories.shop("other").id
    with pytest.raises(NoRight):
        making.run_now(signed_in(jobs, Role.SUPPORT), "refund", jobs.shop_id, form)
    with pytest.raises(NoRight):
        making.run_now(signed_in(jobs, Role.MERCHANT), "refund", other, form)
    with pytest.raises(NoRight):
        making.run_now(signed_in(jobs, Role.ADMIN), "verify", None, form)
    with pytest.raises(NotFound):
        making.run_now(signed_in(jobs, Role.ADMIN), "unheard-of", jobs.shop_id, form)
    for job, shop_id in (("refund", None), ("verify", jobs.shop_id)):
        with pytest.raises(RuleBroken, match="wrong_scope"):
            making.run_by_operator(job, shop_id, form)
    assert runs() == []


def test_a_clash_that_is_no_double_is_not_hidden(jobs: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def clash(_work: object) -> None:
        raise IntegrityError("insert", {}, Exception())

    monkeypatch.setattr(making, "in_transaction", clash)
    with pytest.raises(IntegrityError):
        making.run_by_operator("refund", jobs.shop_id, uuid.uuid4())


def test_a_run_is_overdue_after_twice_its_interval_and_the_stop_window(jobs: Desk) -> None:
    jobs.change(type(factories.shop("x")), jobs.shop_id, stop_window_s=600)
    making.tick()
    now = in_transaction(runtime.current().clock.now)
    spans = {run.job: run.overdue_at - now for run in runs()}
    assert timedelta(minutes=69) < spans["refund"] <= timedelta(minutes=70)
    assert timedelta(hours=47) < spans["verify"] <= timedelta(hours=48)
    by_hand = making.run_by_operator("look-up", jobs.shop_id, uuid.uuid4())
    found = next(run for run in runs() if run.id == by_hand)
    assert timedelta(hours=2) < found.overdue_at - now < timedelta(hours=2, minutes=11)
