"""From a wish to its calls where a provider takes a payment as a whole (R6)."""

from dataclasses import replace

import pytest

from providers.kinds import NotOffered, OperationKind, ProviderState
from providers.planning import Plan, Step, WishKind
from providers.port import Availability, PaymentFacts
from providers.usual_plan import rest_of, usual_plan

CAPTURE, CANCEL, REFUND, UPDATE = OperationKind
FACTS = PaymentFacts(ProviderState.AUTHORISED, "card", "SEK", 79900, 50000, 4900, 12500)


def plan(
    wish: WishKind, amount_minor: int | None = None, facts: PaymentFacts = FACTS, **not_offered: NotOffered
) -> Plan:
    def ask(kind, _payment, _settings):
        return Availability(kind.value not in not_offered, why_not=not_offered.get(kind.value))

    return usual_plan(ask, wish, amount_minor, facts, {})


@pytest.mark.parametrize(("kind", "rest"), [(CAPTURE, 25000), (CANCEL, 25000), (REFUND, 37500), (UPDATE, 75000)])
def test_the_rest_is_what_the_sums_leave(kind, rest):
    assert rest_of(kind, FACTS) == rest


@pytest.mark.parametrize("wish", [WishKind.CAPTURE, WishKind.CANCEL, WishKind.REFUND])
def test_a_wish_for_a_part_is_one_call_for_it(wish):
    assert plan(wish, 700) == Plan((Step(OperationKind(wish.value), 700),))


def test_a_wish_for_everything_releases_first_and_gives_back_then():
    assert plan(WishKind.CANCEL_OR_REFUND).steps == (Step(CANCEL, 25000), Step(REFUND, 37500))


def test_what_is_not_offered_is_left_out_and_said_only_where_nothing_remains():
    why = NotOffered.NOT_ALLOWED_NOW
    assert plan(WishKind.CANCEL_OR_REFUND, cancel=why).steps == (Step(REFUND, 37500),)
    assert plan(WishKind.CANCEL_OR_REFUND, cancel=why, refund=why) == Plan((), why)
    assert plan(WishKind.CAPTURE, capture=why) == Plan((), why)


def test_nothing_left_is_no_step_and_no_error():
    over = replace(FACTS, captured_minor=75000, refunded_minor=75000)
    for wish in (WishKind.CANCEL_OR_REFUND, WishKind.CAPTURE, WishKind.REFUND):
        assert plan(wish, facts=over) == Plan((), NotOffered.NOTHING_LEFT)


def test_an_update_moves_the_difference_to_its_new_total():
    assert plan(WishKind.UPDATE, 74900).steps == (Step(UPDATE, 100),)
    assert plan(WishKind.UPDATE, 80000).steps == (Step(UPDATE, 5000),)
    assert plan(WishKind.UPDATE, 75000) == Plan((), NotOffered.NOTHING_LEFT)
