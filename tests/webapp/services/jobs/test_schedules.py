"""Schedules: every shop has its own, people with the right change them, and wrong ones are refused (R20, R32, I18)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import schedule, signed_in
from webapp.domain.permissions import Role
from webapp.models import AuditEntry, Schedule
from webapp.services import runtime, shops
from webapp.services.errors import NoRight, NotFound, RuleBroken, StaleVersion
from webapp.services.jobs import making, schedules
from webapp.services.jobs.schedules import ScheduleCommand
from webapp.services.shops import ShopCommand
from webapp.services.unit_of_work import in_transaction

HOURLY = ScheduleCommand(enabled=True, interval_s=3600)


def jobs_of(shop_id: uuid.UUID | None) -> set[str]:
    return set(in_transaction(lambda tx: tx.scalars(select(Schedule.job).where(Schedule.shop_id == shop_id)).all()))


def test_every_shop_gets_its_schedules_and_keeps_what_people_set(desk: Desk) -> None:
    schedules.ensure()
    desk.change(Schedule, schedule("refund", desk.shop_id).id, interval_s=60, enabled=False)
    later = factories.shop("later").id
    schedules.ensure()
    kept = schedule("refund", desk.shop_id)
    assert (kept.interval_s, kept.enabled) == (60, False)
    assert jobs_of(later) == jobs_of(desk.shop_id) >= {"cancel", "refund"}
    assert jobs_of(None) == {"housekeeping", "verify"}


def test_a_new_shop_has_its_schedules_at_once(desk: Desk) -> None:
    command = ShopCommand("new", "New", "EUR", "fr", "Europe/Paris", 0, None, ())
    made = in_transaction(lambda tx: shops.add_shop(tx, command))
    assert jobs_of(made) >= {"cancel", "refund"}


def test_two_schedulers_that_begin_at_once_make_one_set(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(_work: object) -> None:
        raise IntegrityError("insert", {}, Exception())

    monkeypatch.setattr(schedules, "in_transaction", beaten)
    schedules.ensure()
    assert jobs_of(None) == set()


def test_a_change_counts_from_now_on_and_is_audited_R32(desk: Desk) -> None:
    schedules.ensure()
    admin, row = signed_in(desk, Role.ADMIN), schedule("refund", desk.shop_id)
    command = ScheduleCommand(enabled=True, cron="30 4 * * *", active_from=0, active_until=600)
    schedules.edit(admin, row.id, row.version, command)
    changed = schedule("refund", desk.shop_id)
    assert (changed.interval_s, changed.cron, changed.version) == (None, "30 4 * * *", row.version + 1)
    due = changed.next_due_at
    assert (due.hour, due.minute) == (19, 30)  # half past four in Tokyo
    assert changed.overdue_at == due + timedelta(days=2)
    assert making.tick() > 0
    assert schedule("refund", desk.shop_id).next_due_at == due
    entry = in_transaction(lambda tx: tx.scalars(select(AuditEntry)).all())[-1]
    assert (entry.action, entry.actor_id, entry.details["cron"]) == (
        "schedule.changed",
        admin.user_id,
        [None, "30 4 * * *"],
    )
    with pytest.raises(StaleVersion):
        schedules.edit(admin, row.id, row.version, HOURLY)


def test_several_shops_get_the_same_rules_each_in_its_own_zone(desk: Desk) -> None:
    other = factories.shop("other", time_zone="Europe/Paris").id
    schedules.ensure()
    admin = signed_in(desk, Role.ADMIN)
    both = type(admin)(
        **{**as_dict(admin), "grants": {each: frozenset({Role.ADMIN}) for each in (desk.shop_id, other)}}
    )
    command = ScheduleCommand(enabled=True, cron="0 12 1 1 *")
    assert schedules.edit_in(both, "refund", {desk.shop_id, other}, command) == 2
    hours = {schedule("refund", each).next_due_at.hour for each in (desk.shop_id, other)}
    assert hours == {3, 11}
    with pytest.raises(NotFound):
        schedules.edit_in(admin, "refund", {desk.shop_id, other}, HOURLY)
    assert schedule("refund", desk.shop_id).cron == "0 12 1 1 *"


def as_dict(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def test_who_may_change_a_schedule_I18(desk: Desk) -> None:
    other = factories.shop("other").id
    schedules.ensure()
    mine, theirs, of_desk = schedule("refund", desk.shop_id), schedule("refund", other), schedule("verify")
    with pytest.raises(NoRight):
        schedules.edit(signed_in(desk, Role.MERCHANT), mine.id, 1, HOURLY)
    with pytest.raises(NotFound):
        schedules.edit(signed_in(desk, Role.OWNER), theirs.id, 1, HOURLY)
    with pytest.raises(NotFound):
        schedules.edit(signed_in(desk, Role.OWNER), uuid.uuid4(), 1, HOURLY)
    with pytest.raises(NoRight):
        schedules.edit(signed_in(desk, Role.ADMIN), of_desk.id, 1, HOURLY)
    schedules.edit(signed_in(desk, Role.OWNER), of_desk.id, 1, HOURLY)
    assert schedule("verify").interval_s == 3600


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"interval_s": 59}, "interval_bounds"),
        ({"cron": "61 * * * *"}, "cron_wrong"),
        ({"interval_s": 60, "active_from": 5}, "hours_incomplete"),
    ],
)
def test_a_wrong_schedule_is_refused_and_changes_nothing(desk: Desk, fields: dict[str, Any], code: str) -> None:
    schedules.ensure()
    row = schedule("refund", desk.shop_id)
    with pytest.raises(RuleBroken) as refusal:
        schedules.edit(signed_in(desk, Role.ADMIN), row.id, 1, ScheduleCommand(enabled=True, **fields))
    assert refusal.value.code == code
    after = schedule("refund", desk.shop_id)
    assert (after.interval_s, after.next_due_at, after.version) == (row.interval_s, row.next_due_at, 1)


def test_a_job_switched_on_again_is_not_overdue_for_the_time_between(desk: Desk) -> None:
    schedules.ensure()
    admin, row = signed_in(desk, Role.ADMIN), schedule("refund", desk.shop_id)
    schedules.edit(admin, row.id, 1, ScheduleCommand(enabled=False, interval_s=1800))
    desk.later(days=3)
    schedules.edit(admin, row.id, 2, ScheduleCommand(enabled=True, interval_s=1800))
    now = in_transaction(runtime.current().clock.now)
    assert schedule("refund", desk.shop_id).next_due_at > now
