"""The form of a schedule: errors that say what to do, a preview that saves nothing, several shops, and two people."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import schedule
from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role
from webapp.models import Grant, Schedule
from webapp.services.jobs import schedules

MakeVisitor = Callable[..., Visitor]
CRON = {"how": "cron", "cron": "30 8 * * mon-fri"}


@pytest.fixture
def row(desk: Desk) -> Schedule:
    """The refund job's schedule: every 30 minutes, at all hours."""
    schedules.ensure()
    return schedule("refund", desk.shop_id)


def test_a_schedule_is_changed_and_the_board_says_so(desk: Desk, row: Schedule, visitor_as: MakeVisitor) -> None:
    admin, ending = visitor_as(Role.ADMIN), f"/jobs/schedules/{row.id}"
    page = admin.get(ending)
    assert "every 30 minutes" in page.words
    form = page.the_form(ending).values
    assert (form["how"], form["every"], form["unit"]) == (["interval"], "30", "minutes")
    assert form["active_days"] == ["0", "1", "2", "3", "4", "5", "6"]
    saved = admin.submit(page, ending, every="2", unit="hours", active_from="8", active_until="20.30")
    assert "The schedule is saved." in saved.words
    assert "every 2 hours 08:00–20:30 Asia/Tokyo" in saved.words
    now = schedule("refund", desk.shop_id)
    assert (now.interval_s, now.cron, now.active_from, now.active_until) == (7200, None, 480, 1230)
    again = admin.submit(admin.get(ending), ending, **CRON, active_from="", active_until="")
    assert "by cron 30 8 * * mon-fri" in again.words
    off = admin.get(ending).the_form(ending)
    admin.post(ending, {name: value for name, value in off.values.items() if name != "enabled"})
    assert schedule("refund", desk.shop_id).enabled is False


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"every": ""}, "Enter how often, like 30"),
        ({"every": "half"}, "Enter a whole number, like 30"),
        ({"every": "0"}, "Enter a time between 1 minute and 31 days"),
        ({"every": "999999", "unit": "days"}, "Enter a time between 1 minute and 31 days"),
        ({"how": "cron", "cron": ""}, "Enter five fields: minute, hour, day, month and day of the week"),
        ({"how": "cron", "cron": "30 8 * *"}, "Enter five fields: minute, hour, day, month and day of the week"),
        ({"how": "cron", "cron": "61 8 * * *"}, "Use numbers and * , - / in the five fields"),
        ({"how": "cron", "cron": "0 8 31 2 *"}, "These fields never come true, like 31 February."),
        ({"active_from": "8"}, "Enter both hours, or leave both empty"),
        ({"active_from": "soon", "active_until": "20:00"}, "Enter the hours as hour and minute, like 08:00"),
        ({"active_from": "08:00", "active_until": "08:00"}, "Enter two different hours, or leave both empty"),
        ({"active_days": []}, "Choose at least one day"),
        (CRON | {"active_from": "20:00", "active_until": "21:00"}, "No run falls into these hours and days."),
    ],
)
def test_an_error_says_what_to_do_and_everything_typed_is_kept(
    desk: Desk, row: Schedule, visitor_as: MakeVisitor, typed: dict[str, str], error: str
) -> None:
    admin, ending = visitor_as(Role.ADMIN), f"/jobs/schedules/{row.id}"
    page = admin.submit(admin.get(ending), ending, **typed)
    assert page.status == 422
    assert page.title.startswith("Error:")
    assert error in page.field_errors[0]
    assert page.errors
    kept = page.the_form(ending).values
    for name, value in typed.items():
        assert kept.get(name, []) in (value, [value]), name
    assert schedule("refund", desk.shop_id).version == row.version


def test_the_next_runs_are_shown_before_anything_is_saved(desk: Desk, row: Schedule, visitor_as: MakeVisitor) -> None:
    admin, ending = visitor_as(Role.ADMIN), f"/jobs/schedules/{row.id}"
    typed = {"preview": "1"} | CRON | {"active_days": ["0"]}
    page = admin.submit(admin.get(ending), ending, **typed)
    assert page.status == 200
    assert "Not saved yet" in page.words
    notice = next(each for each in page.all("div") if "notice " in each.attributes.get("class", ""))
    assert notice.text.count(" 23:30") == 3  # 08:30 in Tokyo, read in UTC
    assert page.the_form(ending).values["cron"] == "30 8 * * mon-fri"
    values = page.the_form(ending).values | {"preview": "1"}
    off = admin.post(ending, {name: value for name, value in values.items() if name != "enabled"})
    assert "Switched off, so nothing runs by itself." in off.words
    wrong = admin.submit(page, ending, preview="1", cron="0 8 31 2 *")
    assert wrong.status == 422
    assert schedule("refund", desk.shop_id).version == row.version


def test_other_shops_get_the_same_and_only_those_the_person_may_plan(
    desk: Desk, row: Schedule, visitor_as: MakeVisitor
) -> None:
    other, foreign = factories.shop("other").id, factories.shop("foreign").id
    seen = factories.shop("seen").id
    schedules.ensure()
    person = factories.user(desk.shop_id, Role.ADMIN)
    for shop_id, role in ((other, Role.ADMIN), (seen, Role.VIEWER)):
        factories.add(Grant(user_id=person.id, shop_id=shop_id, role=role, granted_at=factories.LONG_AGO))
    admin, ending = Visitor(visitor_as(Role.VIEWER).client.application, person.id), f"/jobs/schedules/{row.id}"
    page = admin.get(ending)
    offered = {each.attributes["value"] for each in page.all("input") if each.attributes.get("name") == "also_in"}
    assert offered == {str(other)}
    assert admin.submit(page, ending, every="45", also_in=str(foreign)).status == 422
    saved = admin.submit(page, ending, every="45", also_in=str(other))
    assert "The schedules are saved." in saved.words
    intervals = [schedule("refund", shop_id).interval_s for shop_id in (desk.shop_id, other, foreign, seen)]
    assert intervals == [2700, 2700, 1800, 1800]
    assert admin.get(f"/jobs/schedules/{schedule('refund', seen).id}").status == 403


def test_who_saves_second_is_told_and_sees_the_fresh_state_R32(
    desk: Desk, row: Schedule, visitor_as: MakeVisitor
) -> None:
    admin, ending = visitor_as(Role.ADMIN), f"/jobs/schedules/{row.id}"
    first, second = admin.get(ending), admin.get(ending)
    admin.submit(first, ending, every="45")
    late = admin.submit(second, ending, every="10")
    assert late.status == 409
    assert "Somebody changed this in the meantime." in late.words
    assert "every 45 minutes" in late.words
    assert late.the_form(ending).values["every"] == "10"
    assert schedule("refund", desk.shop_id).interval_s == 2700


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MERCHANT])
def test_only_people_with_the_right_plan_jobs(row: Schedule, visitor_as: MakeVisitor, role: Role) -> None:
    visitor = visitor_as(role)
    assert visitor.get(f"/jobs/schedules/{row.id}").status == 403
    assert visitor.post(f"/jobs/schedules/{row.id}", {"csrf_token": visitor.token()}).status == 403


def test_schedules_of_the_whole_desk_and_unknown_ones_have_no_form(row: Schedule, visitor_as: MakeVisitor) -> None:
    owner = visitor_as(Role.OWNER)
    for schedule_id in (schedule("verify").id, uuid.uuid4()):
        assert owner.get(f"/jobs/schedules/{schedule_id}").status == 404
