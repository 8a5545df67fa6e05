"""Section 10 rule by rule: which calls a wish becomes, from what the order's own lists allow."""

import pytest

from providers.kinds import NotOffered, OperationKind
from providers.planning import Plan, Step, WishKind
from providers.svea.capabilities import SveaCapabilities
from tests.providers.svea import samples

CAPTURE, CANCEL, REFUND, UPDATE = (
    OperationKind.CAPTURE,
    OperationKind.CANCEL,
    OperationKind.REFUND,
    OperationKind.UPDATE,
)
EVERYTHING = WishKind.CANCEL_OR_REFUND


def plan(wish, body, amount=None):
    return SveaCapabilities().plan(wish, amount, samples.facts(body), {})


def steps(wish, body, amount=None):
    return list(plan(wish, body, amount).steps)


def two_deliveries(older, newer, **changed):
    """Of 30000 and 49900, listed newest first."""
    parts = [
        samples.delivery(2, 49900, [samples.row(2, 49900)], CreationDate="2025-03-03T00:00:00", **newer),
        samples.delivery(1, 30000, [samples.row(1, 30000)], CreationDate="2025-03-02T00:00:00", **older),
    ]
    return samples.order(**{"OrderStatus": "Delivered", "Deliveries": parts, **changed})


BY_AMOUNT, BY_NEW_ROW = {"Actions": ["CanCreditAmount"]}, {"Actions": ["CanCreditNewRow"]}


def test_activate_delivers_all_that_is_open():
    assert steps(WishKind.CAPTURE, samples.open_invoice()) == [Step(CAPTURE, 79900)]
    assert steps(WishKind.CAPTURE, samples.part_delivered()) == [Step(CAPTURE, 29900)]


@pytest.mark.parametrize("body", [samples.paid_at_once("Swish"), samples.delivered_card()])
def test_activate_of_what_is_delivered_needs_no_call(body):
    assert plan(WishKind.CAPTURE, body) == Plan((), NotOffered.ALREADY_CAPTURED)


def test_activate_waits_while_svea_checks_and_says_so():
    for wish in WishKind:
        held = plan(wish, samples.open_invoice(SystemStatus="Pending"), 100)
        assert held == Plan((), NotOffered.PROVIDER_CHECKS)


def test_activate_without_the_action_is_not_allowed_now():
    body = samples.open_invoice(Actions=["CanCancelOrder"])
    assert plan(WishKind.CAPTURE, body) == Plan((), NotOffered.NOT_ALLOWED_NOW)


def test_an_order_of_an_unknown_status_is_only_read():
    for wish in WishKind:
        assert plan(wish, samples.open_invoice(OrderStatus="Final"), 100) == Plan((), NotOffered.NOT_ALLOWED_NOW)


@pytest.mark.parametrize(
    "body",
    [
        samples.open_card(OrderStatus="Cancelled"),
        samples.delivered_card(OrderStatus="Cancelled"),
        samples.delivered(credit=[], Deliveries=[samples.delivery(1, 79900, CreditedAmount=79900)]),
    ],
)
def test_1_nothing_left_is_done_without_a_call(body):
    assert plan(EVERYTHING, body) == Plan((), NotOffered.NOTHING_LEFT)


@pytest.mark.parametrize(
    "body", [samples.open_invoice(), samples.open_card(), samples.open_card(CancelledAmount=20000)]
)
def test_2_what_was_never_delivered_is_cancelled_as_an_order(body):
    assert steps(EVERYTHING, body) == [Step(CANCEL, 79900 - body["CancelledAmount"])]


def test_3_of_a_part_delivered_order_the_open_rows_are_cancelled_before_the_delivery_is_credited():
    assert steps(EVERYTHING, samples.part_delivered()) == [Step(CANCEL, 29900), Step(REFUND, 50000, "880017")]


@pytest.mark.parametrize("kind", ["Card", "Vipps", "Invoice"])
def test_3_what_is_delivered_and_not_settled_is_cancelled_as_an_order_whatever_its_type(kind):
    assert steps(EVERYTHING, samples.delivered_card(PaymentType=kind)) == [Step(REFUND, 79900)]
    assert steps(WishKind.REFUND, samples.delivered_card(PaymentType=kind)) == [Step(REFUND, 79900)]


@pytest.mark.parametrize(
    "body",
    [
        samples.delivered_card(credit=["CanCreditAmount"]),
        samples.delivered(),
        samples.delivered("PaymentPlan", credit=["CanCreditOrderRows"]),
        samples.delivered(credit=["CanCreditNewRow"]),
    ],
)
def test_4_each_way_to_credit_a_whole_delivery_is_one_call(body):
    (only,) = steps(EVERYTHING, body)
    assert (only.kind, only.amount_minor, only.against) == (REFUND, 79900, str(body["Deliveries"][0]["Id"]))


def test_3_while_a_part_is_open_the_order_is_never_cancelled_as_a_whole():
    """What that would do to what is delivered is unconfirmed."""
    rows = [samples.row(2, 14950, 200)]
    body = samples.part_delivered(OrderRows=rows, Actions=["CanCancelOrder"])
    assert steps(EVERYTHING, body) == [Step(REFUND, 50000, "880017")]
    by_amount = samples.part_delivered(OrderRows=rows, Actions=["CanCancelOrder", "CanCancelAmount"])
    assert steps(EVERYTHING, by_amount) == [Step(CANCEL, 29900), Step(REFUND, 50000, "880017")]


def test_4_rows_first_and_a_new_row_for_what_they_leave():
    body = samples.delivered()
    body["Deliveries"][0]["OrderRows"][1]["Actions"] = []
    assert steps(EVERYTHING, body) == [Step(REFUND, 50000, "880017"), Step(REFUND, 29900, "880017")]


def test_4_every_delivery_is_a_step_of_its_own_oldest_first():
    body = two_deliveries(BY_AMOUNT, BY_NEW_ROW)
    assert steps(EVERYTHING, body) == [Step(REFUND, 30000, "1"), Step(REFUND, 49900, "2")]


def test_5_what_no_delivery_takes_is_cancelled_by_the_amount():
    body = two_deliveries(BY_AMOUNT, {}, Actions=["CanCancelAmount"])
    assert steps(EVERYTHING, body) == [Step(REFUND, 30000, "1"), Step(REFUND, 49900)]
    assert steps(EVERYTHING, samples.open_card(Actions=["CanCancelAmount"])) == [Step(CANCEL, 79900)]


def test_6_nothing_allowed_is_said():
    assert plan(EVERYTHING, samples.delivered(credit=[])) == Plan((), NotOffered.NOT_ALLOWED_NOW)
    assert plan(EVERYTHING, samples.open_card(Actions=[])) == Plan((), NotOffered.NOT_ALLOWED_NOW)


@pytest.mark.parametrize(
    ("body", "against"),
    [
        (samples.delivered_card(credit=["CanCreditAmount"]), "880020"),
        (samples.delivered(credit=["CanCreditNewRow"]), "880017"),
        (samples.delivered(credit=["CanCreditOrderRows"]), "880017"),
        (samples.delivered_card(), None),
    ],
)
def test_a_part_goes_back_through_the_delivery_or_else_by_the_amount_of_the_order(body, against):
    assert steps(WishKind.REFUND, body, 700) == [Step(REFUND, 700, against)]


def test_a_part_is_spread_over_the_deliveries_oldest_first():
    body = two_deliveries(BY_AMOUNT | {"CreditedAmount": 10000}, BY_NEW_ROW)
    assert steps(WishKind.REFUND, body, 25000) == [Step(REFUND, 20000, "1"), Step(REFUND, 5000, "2")]
    assert steps(WishKind.REFUND, body, 20000) == [Step(REFUND, 20000, "1")]
    assert plan(WishKind.REFUND, body, 70000) == Plan((), NotOffered.NOTHING_LEFT)


def test_a_part_that_nothing_takes_is_not_planned_in_half():
    assert plan(WishKind.REFUND, two_deliveries(BY_AMOUNT, {}), 40000) == Plan((), NotOffered.NOT_ALLOWED_NOW)
    assert plan(WishKind.REFUND, samples.delivered(credit=[]), 100) == Plan((), NotOffered.NOT_ALLOWED_NOW)


@pytest.mark.parametrize("word", ["CanCancelAmount", "CanCancelOrderAmount", "cancancelamount"])
def test_both_spellings_of_a_doubtful_action_count(word):
    assert steps(WishKind.REFUND, samples.delivered_card(Actions=[word]), 700) == [Step(REFUND, 700)]


def test_the_amount_changes_up_only_with_rows_and_only_before_delivery():
    assert steps(WishKind.UPDATE, samples.open_invoice(), 90000) == [Step(UPDATE, 10100)]
    assert steps(WishKind.UPDATE, samples.open_card(), 60000) == [Step(UPDATE, 19900)]
    assert plan(WishKind.UPDATE, samples.open_card(), 90000) == Plan((), NotOffered.CANNOT_RAISE)
    assert plan(WishKind.UPDATE, samples.open_card(), 79900) == Plan((), NotOffered.NOTHING_LEFT)
    assert plan(WishKind.UPDATE, samples.part_delivered(), 60000) == Plan((), NotOffered.ALREADY_CAPTURED)


def test_a_release_of_a_part_stays_within_what_is_open():
    assert steps(WishKind.CANCEL, samples.open_card(), 20000) == [Step(CANCEL, 20000)]
    assert plan(WishKind.CANCEL, samples.open_card(), 80000) == Plan((), NotOffered.NOTHING_LEFT)
