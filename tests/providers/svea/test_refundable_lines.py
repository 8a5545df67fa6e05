"""Which rows of a delivery can still be credited line by line; nothing is guessed where the credits do not say."""

from decimal import Decimal
from typing import Any

import pytest

from providers.kinds import OperationKind
from providers.svea.capabilities import SveaCapabilities
from tests.providers.svea import samples

SENT_ROW = {"Actions": ["CanCreditRow"]}


def credit(minor: int, *rows: dict[str, Any]) -> dict[str, Any]:
    """A credit of rows as Svea lists it: the delivered ids, quantities negative."""
    return {"Amount": -minor, "Actions": [], "OrderRows": list(rows)}


def delivered(given: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    """A kettle and two mugs, all delivered at once, with these credits."""
    rows = [samples.row(1, 50000, **SENT_ROW), samples.row(2, 14950, 200, **SENT_ROW)]
    credited = -sum(one["Amount"] for one in given)
    usual = {"Actions": samples.INVOICE_CREDIT, "CreditedAmount": credited, "Credits": given}
    sent = samples.delivery(880017, 79900, rows, **{**usual, **changed})
    return samples.order(OrderStatus="Delivered", Deliveries=[sent])


def left(body: dict[str, Any]) -> list[tuple[str, Decimal, int]]:
    return [(line.name, line.quantity, line.total_minor) for line in samples.snapshot(body).refundable_lines]


ONE_MUG = samples.row(2, 14950, -100)


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        ([], [("Thing 1", 1, 50000), ("Thing 2", 2, 29900)]),
        ([credit(14950, ONE_MUG)], [("Thing 1", 1, 50000), ("Thing 2", 1, 14950)]),
        ([credit(14950, ONE_MUG), credit(14950, ONE_MUG)], [("Thing 1", 1, 50000)]),
        ([credit(50000, samples.row(1, 50000, -100))], [("Thing 2", 2, 29900)]),
        ([samples.coded_credit(5000, "Refund R-7Q2M9 25%")], []),
        ([credit(5000, samples.row(1, 5000, -100, Name="Goodwill"))], []),
        ([credit(5000)], []),
    ],
)
def test_they_are_the_delivered_rows_less_the_credited_ones(given, rows):
    assert left(delivered(given)) == rows


def test_credits_that_do_not_come_to_the_credited_amount_tell_nothing():
    assert left(delivered([credit(14950, ONE_MUG)], CreditedAmount=20000)) == []


def test_rows_without_the_action_and_deliveries_without_it_offer_none():
    assert left(delivered([], Actions=["CanCreditAmount"])) == []
    assert left(samples.delivered_card(["CanCreditAmount"])) == []
    assert left(samples.open_invoice()) == []


def test_lines_of_several_deliveries_go_with_several_calls_and_are_not_offered():
    two = [
        samples.delivery(7, 50000, [samples.row(1, 50000, **SENT_ROW)], Actions=samples.INVOICE_CREDIT),
        samples.delivery(8, 29900, [samples.row(2, 14950, 200, **SENT_ROW)], Actions=samples.INVOICE_CREDIT),
    ]
    assert left(samples.order(OrderStatus="Delivered", Deliveries=two)) == []
    gone = {"CreditedAmount": 50000, "Credits": [credit(50000, samples.row(1, 50000, -100))]}
    assert left(samples.order(OrderStatus="Delivered", Deliveries=[two[0] | gone, two[1]])) == [("Thing 2", 2, 29900)]


@pytest.mark.parametrize(
    ("kind", "credit_actions", "whole"),
    [
        ("Invoice", ["CanCreditOrderRows"], False),
        ("PaymentPlan", ["CanCreditOrderRows"], True),
        ("PaymentPlan", samples.INVOICE_CREDIT, False),
    ],
)
def test_pieces_of_a_row_move_where_it_is_an_invoice_or_a_new_row_may_say_so(kind, credit_actions, whole):
    body = samples.delivered(kind, credit_actions)
    available = SveaCapabilities().availability(OperationKind.REFUND, samples.facts(body), {})
    assert (available.partial, available.whole_lines) == (True, whole)
