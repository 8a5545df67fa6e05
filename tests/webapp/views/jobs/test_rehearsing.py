"""The rehearsal says what a run would take, with sums, and why it leaves an order alone; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.desk import Desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment, operations_of, run_and_send, runs
from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role
from webapp.models import Mode, Order, Payment


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
