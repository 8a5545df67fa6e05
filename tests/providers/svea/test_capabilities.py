"""What is offered on an order: its lists of actions decide, never its type (section 2.1)."""

import itertools
from dataclasses import replace

import pytest

from providers.kinds import NotOffered, OperationKind, ResolutionClass
from providers.port import Availability, FollowsTasks
from providers.svea.capabilities import SveaCapabilities
from tests.providers.svea import samples
from tests.providers.svea.rigs import offline

CAPTURE, CANCEL, REFUND, UPDATE = (
    OperationKind.CAPTURE,
    OperationKind.CANCEL,
    OperationKind.REFUND,
    OperationKind.UPDATE,
)


def offer(kind, body):
    return SveaCapabilities().availability(kind, samples.facts(body), {})


def not_possible(why):
    return Availability(possible=False, why_not=why)


def test_the_class_is_c2_and_absence_needs_a_quarter_of_an_hour():
    can = SveaCapabilities()
    assert (can.resolution, can.key_window_s, can.fetch_before_send) == (ResolutionClass.LOOK_UP_ONLY, 0, True)
    assert can.settle_s >= 15 * 60
    assert not any(can.keeps_reference(kind) for kind in OperationKind)
    assert isinstance(offline(), FollowsTasks)


def test_r7_what_is_accepted_is_read_often_for_a_minute_and_for_two_weeks():
    reads = SveaCapabilities().pending_reads_s
    assert list(reads) == sorted(set(reads))
    first = [at for at in reads if at <= 60]
    assert all(later - earlier <= 10 for earlier, later in itertools.pairwise(first))
    assert reads[-1] == 14 * 86400


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (samples.open_invoice(), Availability(True, partial=True, needs_lines=True)),
        (samples.open_card(), Availability(True, partial=True, releases_rest=True)),
        (
            samples.open_card(Actions=["CanDeliverOrder"]),
            Availability(True, why_not_partial=NotOffered.PART_NOT_SUPPORTED),
        ),
        (samples.open_card(Actions=["CanCancelAmount"]), not_possible(NotOffered.NOT_ALLOWED_NOW)),
        (samples.delivered(), not_possible(NotOffered.ALREADY_CAPTURED)),
        (samples.order(OrderStatus="Processing"), not_possible(NotOffered.BUYER_HAS_TO_PAY)),
        (samples.order(OrderStatus="Expired"), not_possible(NotOffered.HOLD_EXPIRED)),
        (samples.order(OrderStatus="Failed"), not_possible(NotOffered.NOTHING_AUTHORISED)),
        (samples.order(OrderStatus="Cancelled"), not_possible(NotOffered.NOTHING_LEFT)),
    ],
)
def test_captures(body, expected):
    assert offer(CAPTURE, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (samples.open_invoice(), Availability(True, partial=True, needs_lines=True)),
        (samples.open_card(), Availability(True, partial=True)),
        (
            samples.open_card(Actions=["CanCancelOrder"]),
            Availability(True, why_not_partial=NotOffered.PART_NOT_SUPPORTED),
        ),
        (samples.part_delivered(Actions=["CanCancelOrder"]), not_possible(NotOffered.NOT_ALLOWED_NOW)),
        (samples.part_delivered(), Availability(True, partial=True, needs_lines=True)),
        (samples.delivered_card(), not_possible(NotOffered.ALREADY_CAPTURED)),
    ],
)
def test_releases(body, expected):
    assert offer(CANCEL, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (samples.delivered(), Availability(True, partial=True)),
        (samples.delivered(credit=["CanCreditOrderRows"]), Availability(True, partial=True, needs_lines=True)),
        (samples.delivered_card(), Availability(True, partial=True, whole_lines=True)),
        (
            samples.delivered_card(Actions=["CanCancelOrder"]),
            Availability(True, whole_lines=True, why_not_partial=NotOffered.PART_NOT_SUPPORTED),
        ),
        (samples.paid_at_once("Swish"), Availability(True, partial=True, whole_lines=True)),
        (samples.paid_at_once("DirectBank", credit=[]), not_possible(NotOffered.NOT_ALLOWED_NOW)),
        (samples.open_invoice(), not_possible(NotOffered.NOTHING_CAPTURED)),
        (samples.order(OrderStatus="Processing"), not_possible(NotOffered.BUYER_HAS_TO_PAY)),
        (samples.delivered_card(OrderStatus="Cancelled"), not_possible(NotOffered.NOTHING_LEFT)),
    ],
)
def test_refunds(body, expected):
    assert offer(REFUND, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (samples.open_invoice(), Availability(True, partial=True, needs_lines=True, can_raise=True)),
        (samples.open_card(), Availability(True, partial=True)),
        (samples.open_card(Actions=["CanCancelOrder"]), not_possible(NotOffered.NOT_ALLOWED_NOW)),
        (samples.part_delivered(), not_possible(NotOffered.ALREADY_CAPTURED)),
        (samples.order(OrderStatus="Cancelled"), not_possible(NotOffered.NOTHING_LEFT)),
    ],
)
def test_changes_of_the_amount(body, expected):
    assert offer(UPDATE, body) == expected


@pytest.mark.parametrize("kind", list(OperationKind))
def test_nothing_is_offered_while_svea_checks_before_the_first_read_or_in_another_currency(kind):
    assert offer(kind, samples.open_invoice(SystemStatus="PENDING")) == not_possible(NotOffered.PROVIDER_CHECKS)
    unread = replace(samples.facts(samples.open_invoice()), kept={})
    assert SveaCapabilities().availability(kind, unread, {}) == not_possible(NotOffered.NOT_ALLOWED_NOW)
    foreign = replace(samples.facts(samples.open_invoice()), currency="USD")
    assert SveaCapabilities().availability(kind, foreign, {}) == not_possible(NotOffered.NOT_SUPPORTED)


def test_no_address_in_sveas_back_office_is_invented():
    assert SveaCapabilities().payment_page(samples.ORDER_REF, {}) is None
