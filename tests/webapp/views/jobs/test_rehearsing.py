"""The rehearsal says what a run would take, with sums, and why it leaves an order alone; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, operations_of, run_and_send, runs
from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role
from webapp.models import Mode, Order, Payment, ProviderAccount, Shop
from webapp.services.jobs.catalogue import OF_SHOPS
from webapp.services.unit_of_work import in_transaction


def test_a_rehearsal_counts_sums_and_lists_and_does_nothing(desk: Desk, merchant: Visitor) -> None:
    taken = cancelled_payment(desk, 3300, order_number="R-1")
    cancelled_payment(desk, 1200, order_number="R-2")
    cancelled_payment(desk, 5000, order_number="R-3", method="konbini", state="captured")
    page = merchant.get(f"/jobs/refund/{desk.shop_id}/rehearsal")
    figures = [" ".join(each.text.split()) for each in page.all("dd")]
    assert figures == ["2", "¥4,500", "1"]
    assert "R-1 Card KOMOJU ¥3,300 The order was cancelled, and this much is left." in page.words
    assert "R-3 Konbini KOMOJU ¥5,000 The refund needs the customer's bank account" in page.words
    assert (operations_of(taken), runs("refund")) == ([], [])
    started = merchant.submit(page, f"/jobs/refund/{desk.shop_id}/runs")
    assert started.h1 == "Refund cancelled orders"


@pytest.mark.parametrize(
    ("job", "number", "answer"),
    [
        ("refund", "R-1", "Order R-1: a run would take it. Taken Card, ¥3,300: The order was cancelled"),
        ("refund", "R-2", "Order R-2: The order does not stand in a status that means cancelled."),
        ("refund", "R-9", "This shop has no test order with the number R-9."),
        ("cancel", "R-1", "Left alone Card: The money is captured already. The job that refunds takes it."),
    ],
)
def test_why_not_this_order_is_answered_with_the_rule(
    desk: Desk, merchant: Visitor, job: str, number: str, answer: str
) -> None:
    cancelled_payment(desk, 3300, order_number="R-1")
    desk.payment(1200, order_number="R-2")
    assert answer in merchant.get(f"/jobs/{job}/{desk.shop_id}/rehearsal?order=+{number}+").words


def test_an_order_that_was_answered_leads_to_what_happened(desk: Desk, merchant: Visitor) -> None:
    payment = cancelled_payment(desk, 3300, order_number="R-1")
    run_and_send(desk, "refund")
    page = merchant.get(f"/jobs/refund/{desk.shop_id}/rehearsal?order=R-1")
    assert "a run would leave it alone. Left alone Card: Nothing is left to move on this payment." in page.words
    assert page.link(f"/operations/{operations_of(payment)[0].id}") == "See what happened"
    assert "A run would find nothing now" in page.words


def test_a_rehearsal_keeps_to_the_mode_of_the_frame(desk: Desk, merchant: Visitor) -> None:
    payment = cancelled_payment(desk, 3300, order_number="R-1")
    desk.change(Order, desk.row(payment).order_id, mode=Mode.LIVE)
    desk.change(Payment, payment, mode=Mode.LIVE)
    page = merchant.get(f"/jobs/refund/{desk.shop_id}/rehearsal?order=R-1")
    assert "A run would find nothing now" in page.words
    assert "This shop has no test order with the number R-1." in page.words


def test_support_may_not_rehearse_and_the_part_alone_is_for_htmx(
    desk: Desk, merchant: Visitor, visitor_as: Callable[..., Visitor]
) -> None:
    address = f"/jobs/refund/{desk.shop_id}/rehearsal"
    assert visitor_as(Role.SUPPORT).get(address).status == 403
    part = merchant.client.get(f"{address}?order=R-9", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "This shop has no test order with the number R-9." in part


def test_the_comparison_says_what_it_would_read_by_account_and_why_not_an_order(desk: Desk, merchant: Visitor) -> None:
    payment = desk.payment(3300, order_number="R-1")
    desk.change(Payment, desk.payment(1200, order_number="R-2"), compare_at=None)
    address = f"/jobs/reconcile/{desk.shop_id}/rehearsal"
    assert "The next run would find nothing to read" in merchant.get(address).words
    desk.change(Payment, payment, compare_at=factories.LONG_AGO)
    page = merchant.get(address)
    assert [" ".join(each.text.split()) for each in page.all("dd")] == ["By hand only", "1", "0"]
    assert page.link(f"/orders/{desk.row(payment).order_id}") == "R-1"
    answers = {
        "R-1": "Order R-1: a run would take it. Taken Card: Its comparison is due.",
        "R-2": "Order R-2: a run would leave it alone. Left alone Card: Nothing is held and nothing has moved for 90",
        "R-9": "This shop has no test order with the number R-9.",
    }
    for number, answer in answers.items():
        assert answer in merchant.get(f"{address}?order={number}").words
    desk.change(ProviderAccount, desk.account_id, breaker_opened_at=desk.clock.wall(), breaker_reason="ambiguous")
    stopped = merchant.get(address)
    assert [" ".join(each.text.split()) for each in stopped.all("dd")] == ["By hand only", "0", "1"]
    assert "KOMOJU Not asked 1 1" in stopped.words
    assert "Sending through the account is stopped, so the provider was not asked." in stopped.words
    started = merchant.submit(page, f"/jobs/reconcile/{desk.shop_id}/runs")
    assert started.h1 == "Compare with the providers"


def test_jobs_that_cannot_be_rehearsed_say_why_on_the_board(desk: Desk, merchant: Visitor) -> None:
    page = merchant.get("/jobs")
    for job in OF_SHOPS:
        address = f"/jobs/{job.name}/{desk.shop_id}/rehearsal"
        assert (address in page.html) is job.is_rehearsed
        assert merchant.get(address).status == (200 if job.is_rehearsed else 404)
    assert page.words.count("There is nothing to rehearse:") == sum(not job.is_rehearsed for job in OF_SHOPS)


def test_the_operators_command_rehearses_too(desk_app: Flask, desk: Desk) -> None:
    cancelled_payment(desk, 3300)
    desk.later(minutes=16)
    code = in_transaction(lambda tx: tx.get_one(Shop, desk.shop_id).code)

    def say(job: str) -> str:
        return desk_app.test_cli_runner().invoke(args=["jobs", "run", job, "--shop", code, "--rehearse"]).output

    assert "test: takes 1 (3300 JPY, in minor units), skips 0\nlive: takes 0" in say("refund")
    reads = say("reconcile")
    assert reads.startswith("test: the run at ")
    assert "UTC reads 1 (KOMOJU 1), skips 0; by hand 1\nlive:" in reads
    assert "look-up moves no money, so there is nothing to rehearse." in say("look-up")
