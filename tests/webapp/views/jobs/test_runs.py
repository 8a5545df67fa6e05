"""Run now, the page of a run, and its failed rows once more."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, operations_of, run, run_and_send, runs
from tests.webapp.visitor import Visitor
from webapp.domain.operations import OperationState
from webapp.domain.permissions import Role
from webapp.models import JobRow, JobRun, Mode, Operation, Shop
from webapp.services.jobs import listing, running
from webapp.services.operations import running as operations
from webapp.views.jobs import runs as runs_view

MakeVisitor = Callable[..., Visitor]


def test_run_now_leads_to_the_page_of_the_run_and_pressing_twice_makes_one_R16(desk: Desk, merchant: Visitor) -> None:
    payment = cancelled_payment(desk, 3300, order_number="TEA-1")
    board, ending = merchant.get("/jobs"), f"/jobs/refund/{desk.shop_id}/runs"
    page = merchant.submit(board, ending)
    assert page.h1 == "Refund cancelled orders"
    assert "Waiting for a worker" in page.words
    again = merchant.submit(board, ending)
    (only,) = runs("refund")
    assert again.html.count(f"/jobs/runs/{only.id}") == page.html.count(f"/jobs/runs/{only.id}")
    running.run_due()
    working = merchant.get(f"/jobs/runs/{only.id}")
    assert "0 of 1 rows have a result." in working.words
    assert "every 2s" in working.html
    progress = working.all("progress")[0].attributes
    assert (progress["value"], progress["max"]) == ("0", "1")
    operations.run_due()
    running.run_due()
    done = merchant.get(f"/jobs/runs/{only.id}")
    assert "Finished" in done.words
    assert "It is done. Every row has its result." in done.words
    assert "hx-get" not in done.html
    assert "TEA-1 Card KOMOJU ¥3,300 Refunded" in done.words
    assert f"/operations/{operations_of(payment)[0].id}" in done.html
    assert "Started by Ana" in done.words


def test_the_background_look_gets_only_the_part_that_moves(desk: Desk, merchant: Visitor) -> None:
    run_id = run(desk, "look-up")
    part = merchant.client.get(f"/jobs/runs/{run_id}", headers={"HX-Request": "true", "X-Background": "1"})
    assert "<html" not in part.text
    assert "It found nothing to do." in part.text
    assert part.headers["Vary"].count("HX-Request") == 1


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.SUPPORT, 403), (Role.ADMIN, 200)])
def test_only_people_with_the_right_run_jobs(desk: Desk, visitor_as: MakeVisitor, role: Role, status: int) -> None:
    visitor = visitor_as(role)
    wish = {"csrf_token": visitor.token(), "request_id": str(uuid.uuid4())}
    assert visitor.post(f"/jobs/refund/{desk.shop_id}/runs", wish).status == status
    assert len(runs("refund")) == (status == 200)
    if status == 200:
        taken = visitor.post(f"/jobs/cancel/{desk.shop_id}/runs", wish)
        assert "This form was used already, for something else or by somebody else." in taken.words
        assert visitor.post(f"/jobs/cancel/{desk.shop_id}/runs", wish | {"request_id": "x"}).status == 400
        assert runs("cancel") == []
    old = run(desk, "refund")
    assert visitor.post(f"/jobs/runs/{old}/repeat", wish).status == status


def mixed_run(desk: Desk) -> uuid.UUID:
    """A run with one row each: refunded, failed for good, tried again, unknown, skipped."""
    cancelled_payment(desk, 5000, order_number="A-skipped", method="konbini", state="captured")
    payments = [cancelled_payment(desk, 1000 + n, order_number=f"B-{n}") for n in range(4)]
    run_id = run_and_send(desk, "refund")
    done, failed, retried, unknown = (operations_of(each)[0].id for each in payments)
    assert desk.operation(done).state is OperationState.SUCCEEDED
    desk.change(Operation, failed, state=OperationState.REJECTED, provider_code="not_found")
    desk.change(Operation, retried, state=OperationState.QUEUED, tries=1, provider_code="not_reached")
    desk.change(Operation, unknown, state=OperationState.UNKNOWN)
    return run_id


def test_counts_filter_the_rows_and_each_row_says_why(desk: Desk, merchant: Visitor) -> None:
    run_id = mixed_run(desk)
    page = merchant.get(f"/jobs/runs/{run_id}")
    for words in (
        "All 5",
        "Refunded 1",
        "Failed 1",
        "Failed, tried again 1",
        "We do not know yet 1",
        "Skipped 1",
        "Failed The provider does not know this payment under our keys. Tell your admin.",
        "No more tries",
        "Failed, tried again The provider could not be reached.",
        "The refund needs the customer's bank account, so a person has to enter it.",
        "2 rows go on by themselves.",
    ):
        assert words in page.words, words
    assert page.words.count("today ") >= 2  # the next try among them
    failed = merchant.get(f"/jobs/runs/{run_id}?outcome=failed")
    assert ("B-1" in failed.words, "B-0" in failed.words) == (True, False)
    nothing = merchant.get(f"/jobs/runs/{run_id}?outcome=rejected")
    assert "No row has this result now" in nothing.words
    assert "B-0" in merchant.get(f"/jobs/runs/{run_id}?outcome=nonsense&after=x").words


def test_rows_come_in_pages(desk: Desk, merchant: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [cancelled_payment(desk, 1000, order_number=f"N-{n}") and f"N-{n}" for n in range(3)]
    run_id = run(desk, "refund")
    original = listing.rows
    monkeypatch.setattr(runs_view.listing, "rows", lambda *args, **kw: original(*args, **kw, size=2))
    first = merchant.get(f"/jobs/runs/{run_id}")
    assert [number in first.words for number in numbers] == [False, True, True]
    onwards = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert onwards is not None
    second = merchant.get(html.unescape(onwards.group(1)))
    assert [number in second.words for number in numbers] == [True, False, False]
    assert "First rows" in second.words


def test_rows_of_the_other_mode_are_counted_and_the_switch_leads_back_here(desk: Desk, merchant: Visitor) -> None:
    cancelled_payment(desk, 3300, order_number="TEA-1")
    run_id = run(desk, "refund")
    in_test = merchant.get(f"/jobs/runs/{run_id}")
    assert "more row is of" not in in_test.words
    merchant.submit(in_test, "/frame/mode", mode="live")
    page = merchant.get(f"/jobs/runs/{run_id}")
    assert "TEA-1" not in page.words
    assert "1 more row is of a test order." in page.words
    switch = [form for form in page.forms if form.action == "/frame/mode"][-1]
    back = merchant.post(switch.action, switch.values | {"mode": "test"})
    assert "TEA-1" in back.words


def test_only_the_failed_are_repeated_and_pressing_twice_makes_one_run_R16(desk: Desk, merchant: Visitor) -> None:
    run_id = mixed_run(desk)
    page = merchant.get(f"/jobs/runs/{run_id}")
    assert "1 row of test orders: ¥1,001" in page.words
    ending = f"/jobs/runs/{run_id}/repeat"
    assert [button.text for button in page.buttons(ending)] == ["Repeat 1 failed row"]
    merchant.submit(page, ending)
    merchant.submit(page, ending)
    made = [each for each in runs("refund") if each.repeat_of == run_id]
    assert len(made) == 1
    running.run_due()
    again = merchant.get(f"/jobs/runs/{made[0].id}")
    assert "what failed in an earlier run" in again.words
    assert ("B-1" in again.words, "B-0" in again.words) == (True, False)


def test_a_repeat_is_refused_in_words_while_nothing_failed_and_not_offered_to_viewers(
    desk: Desk, merchant: Visitor, visitor_as: MakeVisitor
) -> None:
    cancelled_payment(desk)
    run_id = run_and_send(desk, "refund")
    wish = {"csrf_token": merchant.token(), "request_id": str(uuid.uuid4())}
    refused = merchant.post(f"/jobs/runs/{run_id}/repeat", wish)
    assert "so there is nothing to repeat." in refused.words
    assert "Repeat only the failed" not in refused.words
    assert len(runs("refund")) == 1
    assert merchant.post(f"/jobs/runs/{run_id}/repeat", {"csrf_token": wish["csrf_token"]}).status == 400
    failed = mixed_run(desk)
    assert "Repeat only the failed" not in visitor_as(Role.VIEWER, name="Vic").get(f"/jobs/runs/{failed}").words


def test_the_addresses_of_failure_mail_are_seen_by_those_who_look_after_them(
    desk: Desk, merchant: Visitor, visitor_as: MakeVisitor
) -> None:
    run_id, admin = run(desk, "refund"), visitor_as(Role.ADMIN, name="Ada")
    assert "Nobody. The shop has no address for failure mail." in merchant.get(f"/jobs/runs/{run_id}").words
    desk.change(Shop, desk.shop_id, failure_emails=["one@shop.test", "two@shop.test"])
    seen = merchant.get(f"/jobs/runs/{run_id}")
    assert "2 addresses of the shop" in seen.words
    assert "one@shop.test" not in seen.html
    assert "one@shop.test, two@shop.test" in admin.get(f"/jobs/runs/{run_id}").words
    desk.change(Shop, desk.shop_id, failure_mails_on=False)
    assert "Nobody. The shop has switched failure mail off." in admin.get(f"/jobs/runs/{run_id}").words


def test_a_run_that_waits_long_stumbles_or_breaks_off_says_so(desk: Desk, merchant: Visitor) -> None:
    run_id = run(desk, "refund")
    address = f"/jobs/runs/{run_id}"
    desk.change(JobRun, run_id, started_at=None, found_at=None, ended_at=None, not_before=factories.LONG_AGO)
    assert "No worker has taken it yet." in merchant.get(address).words
    desk.change(JobRun, run_id, started_at=factories.LONG_AGO)
    assert "It looks for what there is to do." in merchant.get(address).words
    later = desk.clock.wall() + timedelta(minutes=5)
    desk.change(JobRun, run_id, faults=1, not_before=later)
    assert "An error of Paydesk held it up." in merchant.get(address).words
    desk.change(JobRun, run_id, ended_at=factories.LONG_AGO, failed_by="OSError")
    broken = merchant.get(address)
    assert "It was broken off by an error of Paydesk." in broken.words
    assert "OSError" not in broken.words


def test_rows_about_accounts_name_the_account(desk: Desk, merchant: Visitor) -> None:
    run_id = run(desk, "look-up")
    desk.change(JobRun, run_id, job="method-sync")
    values = {"run_id": run_id, "shop_id": desk.shop_id, "mode": Mode.TEST, "account_id": desk.account_id}
    factories.add(
        JobRow(id=uuid.uuid4(), position=1, result="done", code="good", details={"added": 2, "vanished": 1}, **values)
    )
    factories.add(
        JobRow(id=uuid.uuid4(), position=2, result="failed", code="credentials", details={"added": 0}, **values)
    )
    page = merchant.get(f"/jobs/runs/{run_id}")
    assert "KOMOJU" in page.words
    assert "Done New: 2. No longer offered: 1." in page.words
    assert "Failed The provider refused the keys. Enter them again at the provider account." in page.words
    assert "Repeat only the failed" not in page.words
