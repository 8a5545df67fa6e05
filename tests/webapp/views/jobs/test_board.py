"""The board of all jobs and the list of one job's runs: what each role sees and may press, and what is overdue."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, run, run_and_send, schedule
from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role
from webapp.models import JobRun, Schedule
from webapp.services.jobs import schedules
from webapp.views.jobs import board

MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def jobs(desk: Desk) -> Desk:
    """A desk whose shop has its schedules."""
    schedules.ensure()
    return desk


def test_the_board_says_when_each_job_runs_and_what_its_last_run_did(jobs: Desk, visitor_as: MakeVisitor) -> None:
    cancelled_payment(jobs, 3300)
    run_id = run_and_send(jobs, "refund")
    cron = {"interval_s": None, "cron": "30 8 * * mon-fri", "active_from": 480, "active_until": 1200, "active_days": 31}
    jobs.change(Schedule, schedule("cancel", jobs.shop_id).id, **cron)
    page = visitor_as(Role.VIEWER).get("/jobs")
    assert "Refund cancelled orders" in page.words
    assert "On every 30 minutes" in page.words
    assert "by cron 30 8 * * mon-fri 08:00–20:00 Asia/Tokyo, Mon–Fri" in page.words
    assert "Refunded 1" in page.words
    assert page.link(f"/jobs/runs/{run_id}").startswith("today")
    assert "By hand only" in page.words  # asking about open results has no clock of its own
    assert [each.attributes["class"] for each in page.all("rect")] == ["run-green"]


@pytest.mark.parametrize(
    ("role", "runs", "plans", "sees_desk"),
    [
        (Role.VIEWER, False, False, False),
        (Role.SUPPORT, False, False, False),
        (Role.MERCHANT, True, False, False),
        (Role.ADMIN, True, True, True),
    ],
)
def test_each_role_gets_the_buttons_of_its_rights(
    jobs: Desk, visitor_as: MakeVisitor, role: Role, runs: bool, plans: bool, sees_desk: bool
) -> None:
    page = visitor_as(role).get("/jobs")
    assert page.has_form(f"/jobs/refund/{jobs.shop_id}/runs") is runs
    assert ("/rehearsal" in page.html) is runs
    assert ("Change schedule" in page.words) is plans
    assert ("Jobs of the whole desk" in page.words) is sees_desk


def test_a_job_that_has_not_finished_in_time_is_marked_and_stands_on_the_home_page(
    jobs: Desk, visitor_as: MakeVisitor
) -> None:
    support = visitor_as(Role.SUPPORT)
    assert "Jobs that have not finished in time" not in support.get("/").words
    cancelled_payment(jobs)
    run_id = run(jobs, "refund")
    jobs.change(JobRun, run_id, overdue_at=factories.LONG_AGO)
    jobs.change(Schedule, schedule("cancel", jobs.shop_id).id, overdue_at=factories.LONG_AGO)
    jobs.change(Schedule, schedule("verify").id, overdue_at=factories.LONG_AGO)
    home = support.get("/")
    assert "2 Jobs that have not finished in time" in home.words
    assert home.link("/jobs").startswith("Jobs")
    page = support.get("/jobs")
    assert page.words.count("Overdue") == 2
    assert "has not finished in time" in page.words
    assert "was never made" in page.words
    assert "3 Jobs that have not finished in time" in visitor_as(Role.ADMIN).get("/").words


def test_what_the_books_and_a_broken_run_said_stands_on_the_board(jobs: Desk, visitor_as: MakeVisitor) -> None:
    admin = visitor_as(Role.ADMIN)
    done = {"started_at": factories.LONG_AGO, "found_at": factories.LONG_AGO, "ended_at": factories.LONG_AGO}
    times = {"due_at": factories.LONG_AGO, "overdue_at": factories.LONG_AGO, "not_before": factories.LONG_AGO}
    checked = factories.add(JobRun(id=uuid.uuid4(), job="verify", result="whole", **done, **times))
    assert "The books are whole." in admin.get("/jobs").words
    jobs.change(JobRun, checked.id, result="payment 1: sums differ")
    factories.add(JobRun(id=uuid.uuid4(), job="cancel", shop_id=jobs.shop_id, failed_by="disk_full", **done, **times))
    page = admin.get("/jobs")
    assert "The books are not whole. Tell your operator." in page.words
    assert "Broken off" in page.words


def test_the_runs_of_a_job_follow_each_other_in_pages_and_empty_ones_can_be_left_out(
    jobs: Desk, visitor_as: MakeVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "PAGE", 2)
    cancelled_payment(jobs, 3300)
    full = run_and_send(jobs, "refund")
    empty = []
    for _ in range(2):
        jobs.later(seconds=1)
        empty.append(run(jobs, "refund"))
    viewer, address = visitor_as(Role.VIEWER), f"/jobs/refund/{jobs.shop_id}"
    first = viewer.get(address)
    assert [f"/jobs/runs/{each}" in first.html for each in (*empty, full)] == [True, True, False]
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older is not None
    second = viewer.get(html.unescape(older.group(1)))
    assert [f"/jobs/runs/{each}" in second.html for each in (*empty, full)] == [False, False, True]
    assert "Refunded 1" in second.words
    only = viewer.get(f"{address}?rows=1")
    assert [f"/jobs/runs/{each}" in only.html for each in (*empty, full)] == [False, False, True]
    assert "This job never ran" in viewer.get(f"/jobs/cancel/{jobs.shop_id}").words
    assert "No run found anything" in viewer.get(f"/jobs/cancel/{jobs.shop_id}?rows=1&at=x&id=y").words


def test_jobs_of_other_shops_and_unknown_jobs_are_not_there_I18(jobs: Desk, visitor_as: MakeVisitor) -> None:
    other = factories.shop("other").id
    schedules.ensure()
    owner = visitor_as(Role.OWNER)
    assert "Other" not in owner.get("/jobs").words
    foreign = schedule("refund", other).id
    theirs = run(jobs, "refund", other)
    for address in (
        f"/jobs/refund/{other}",
        f"/jobs/refund/{other}/rehearsal",
        f"/jobs/runs/{theirs}",
        f"/jobs/schedules/{foreign}",
        f"/jobs/nonsense/{jobs.shop_id}",
        f"/jobs/verify/{jobs.shop_id}",
        f"/jobs/look-up/{jobs.shop_id}/rehearsal",
    ):
        assert owner.get(address).status == 404, address
    wish = {"csrf_token": owner.token(), "request_id": str(uuid.uuid4())}
    for address in (f"/jobs/refund/{other}/runs", f"/jobs/runs/{theirs}/repeat", f"/jobs/verify/{jobs.shop_id}/runs"):
        assert owner.post(address, wish).status == 404, address
