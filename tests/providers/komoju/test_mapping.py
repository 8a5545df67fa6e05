"""The payment object in the port's words: examples A to D and every state (KOMOJU page, sections 3 to 6)."""

from datetime import UTC, datetime

import pytest

from providers.kinds import MovementKind, OperationKind, ProviderState, RequestState
from providers.komoju import mapping
from providers.money import Money
from providers.reading import Unreadable
from providers.snapshots import MethodOffer, PaymentSnapshot
from tests.providers.komoju.samples import B_ENTRY, CARD, E_PAYMENT, KONBINI, A, B, D

SUMS = {
    MovementKind.AUTHORISE: "authorised",
    MovementKind.CAPTURE: "captured",
    MovementKind.CANCEL: "cancelled",
    MovementKind.REFUND: "refunded",
}


def sums(snapshot: PaymentSnapshot) -> tuple[int, ...]:
    """Authorised, captured, cancelled, refunded; each checked against its movements (I9)."""
    for kind, name in SUMS.items():
        moved = sum(movement.money.minor for movement in snapshot.movements if movement.kind is kind)
        assert moved == getattr(snapshot, name).minor, name
    return tuple(getattr(snapshot, name).minor for name in SUMS.values())


def ids(snapshot: PaymentSnapshot) -> list[str]:
    return [movement.id for movement in snapshot.movements]


def with_refunds(*entries: dict, **payment: object) -> dict:
    amount = sum(entry["amount"] for entry in entries)
    return {**A, "amount_refunded": amount, **payment, "refunds": list(entries)}


def test_example_a_a_captured_card_payment():
    read = mapping.snapshot(A)
    assert (read.provider_ref, read.state, read.method) == (CARD, ProviderState.CAPTURED, "credit_card")
    assert (read.order_number, read.buyer_email) == ("ORD-1002", "buyer@example.test")
    assert sums(read) == (2200, 2200, 0, 0)
    assert ids(read) == [f"{CARD}:authorise:2200", f"{CARD}:capture:2200"]
    assert read.movements[1].occurred_at == datetime(2026, 1, 16, 4, tzinfo=UTC)
    assert read.kept["tax"] == 0
    assert read.pending == []


def test_example_a_with_the_earlier_authorised_sum_shows_the_released_rest():
    read = mapping.snapshot(A, authorised_minor=3300)
    assert sums(read) == (3300, 2200, 1100, 0)
    assert ids(read) == [f"{CARD}:authorise:3300", f"{CARD}:capture:2200", f"{CARD}:cancel:1100"]


def test_a_part_capture_that_keeps_the_authorised_figure_reads_as_all_of_it():
    read = mapping.snapshot({**A, "amount": 3300, "total": 3300, "captures": [{"x": 1}]}, 3300)
    assert sums(read) == (3300, 3300, 0, 0)


def test_example_b_a_part_refund_carries_our_reference_and_leaves_it_captured():
    read = mapping.snapshot(B)
    assert read.state is ProviderState.CAPTURED
    assert sums(read) == (2200, 2200, 0, 700)
    refund = read.movements[-1]
    assert (refund.id, refund.reference, refund.chargeback) == ("6y9u2i5o8p1a4s7d0f3g6h9j2", "op_52", False)
    assert refund.occurred_at == datetime(2026, 1, 18, 1, 20, tzinfo=UTC)


def test_example_d_a_cancelled_konbini_payment_releases_what_was_asked_without_the_fee():
    read = mapping.snapshot(D)
    assert (read.state, read.method) == (ProviderState.CANCELLED, "konbini")
    assert sums(read) == (5400, 0, 5400, 0)
    assert ids(read) == [f"{KONBINI}:authorise:5400", f"{KONBINI}:cancel:5400"]
    assert (read.kept["payment_method_fee"], read.kept["total"]) == (190, 5590)
    assert read.hold_expires_at == datetime(2026, 1, 20, 14, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "method", "state", "expected"),
    [
        ("pending", "credit_card", ProviderState.WAITING, (2200, 0, 0, 0)),
        ("authorized", "credit_card", ProviderState.AUTHORISED, (2200, 0, 0, 0)),
        ("authorized", "paypay", ProviderState.AUTHORISED, (2200, 0, 0, 0)),
        ("authorized", "konbini", ProviderState.WAITING, (2200, 0, 0, 0)),
        ("authorized", "bank_transfer", ProviderState.WAITING, (2200, 0, 0, 0)),
        ("authorized", "pay_easy", ProviderState.WAITING, (2200, 0, 0, 0)),
        ("captured", "konbini", ProviderState.CAPTURED, (2200, 2200, 0, 0)),
        ("cancelled", "credit_card", ProviderState.CANCELLED, (2200, 0, 2200, 0)),
        ("expired", "konbini", ProviderState.EXPIRED, (2200, 0, 2200, 0)),
        ("failed", "credit_card", ProviderState.FAILED, (0, 0, 0, 0)),
    ],
)
def test_every_status_has_its_state_and_sums(status, method, state, expected):
    read = mapping.snapshot({**A, "status": status, "payment_details": {"type": method}})
    assert (read.state, sums(read)) == (state, expected)


def test_i9_the_authorise_id_stays_while_a_payment_is_paid_and_refunded():
    states = ("pending", "authorized", "captured", "refunded", "cancelled", "expired")
    first = {ids(mapping.snapshot({**D, "status": status}))[0] for status in states}
    assert first == {f"{KONBINI}:authorise:5400"}


def test_a_full_refund_and_a_chargeback_are_told_apart():
    dispute = {**B_ENTRY, "id": "c" * 25, "amount": 1500, "description": None, "chargeback": True}
    read = mapping.snapshot(with_refunds(B_ENTRY, dispute, status="refunded"))
    assert (read.state, sums(read)) == (ProviderState.REFUNDED, (2200, 2200, 0, 2200))
    assert [(one.reference, one.chargeback) for one in read.movements[-2:]] == [
        ("op_52", False),
        (None, True),
    ]


def test_refunds_beyond_the_captured_sum_are_shown_as_they_are():
    read = mapping.snapshot(with_refunds(B_ENTRY, {**B_ENTRY, "id": "c" * 25, "amount": 2200}))
    assert sums(read) == (2200, 2200, 0, 2900)


def test_amount_refunded_above_the_entries_is_not_believed_either_way():
    with pytest.raises(Unreadable, match="amount_refunded"):
        mapping.snapshot({**B, "amount_refunded": 701})
    assert sums(mapping.snapshot({**B, "amount_refunded": 0}))[3] == 700


def test_the_buyers_fee_given_back_is_kept_apart_whatever_the_order_of_the_entries():
    first = {**B_ENTRY, "amount": 1000}
    last = {**B_ENTRY, "id": "c" * 25, "amount": 1390, "created_at": "2026-01-19T00:00:00Z"}
    for entries in ((first, last), (last, first)):
        read = mapping.snapshot(with_refunds(*entries, payment_method_fee=190, total=2390, status="refunded"))
        assert sums(read) == (2200, 2200, 0, 2200)
        assert [one.money.minor for one in read.movements[-2:]] == [1000, 1200]
        assert read.kept["fee_refunded"] == 190


def test_a_refund_of_nothing_but_the_fee_is_no_movement():
    entries = ({**B_ENTRY, "amount": 2200}, {**B_ENTRY, "id": "c" * 25, "amount": 190})
    read = mapping.snapshot(with_refunds(*entries, payment_method_fee=190, total=2390))
    assert (sums(read)[3], read.kept["fee_refunded"]) == (2200, 190)


@pytest.mark.parametrize("status", ["pending", "completed", "rejected"])
def test_a_refund_request_is_a_pending_effect_with_our_reference(status):
    wish = {"id": "r" * 25, "payment": KONBINI, "description": "op_60 broken", "status": status}
    (effect,) = mapping.snapshot({**A, "refund_requests": [wish]}).pending
    assert (effect.kind, effect.id, effect.reference) == (OperationKind.REFUND, "r" * 25, "op_60")
    assert (effect.state, effect.money) == (RequestState(status), None)


def test_a_payment_inside_a_session_may_leave_fields_out():
    read = mapping.snapshot(E_PAYMENT)
    assert (read.state, read.created_at, read.buyer_email) == (ProviderState.AUTHORISED, None, None)


def test_r1_amounts_are_in_the_smallest_unit_of_every_currency():
    assert mapping.snapshot({**A, "currency": "USD"}).captured == Money(2200, "USD")


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "settled"},
        {"status": None},
        {"total": "2200"},
        {"total": 2200.5},
        {"payment_method_fee": 5000},
        {"currency": "ZZZ"},
        {"id": None},
        {"payment_details": "card"},
        {"refunds": {}},
        {"refunds": [{**B_ENTRY, "id": ""}]},
        {"refunds": [{**B_ENTRY, "created_at": "soon"}]},
        {"refund_requests": [{"id": "r", "status": "lost"}]},
        {"refund_requests": ["r"]},
    ],
)
def test_what_the_page_does_not_describe_is_unreadable_and_never_guessed(wrong):
    with pytest.raises(Unreadable):
        mapping.snapshot({**A, **wrong})


def test_payment_methods_are_kept_by_slug_and_currency():
    row = {
        "type_slug": "paypay",
        "name_en": "PayPay",
        "name_ja": "PayPay",
        "name_ko": "PayPay",
        "currency": "JPY",
    }
    card = {**row, "type_slug": "credit_card", "name_ja": "クレジットカード", "subtypes": ["visa", "master"]}
    card["secure_token_supported"] = ["visa"]
    offers = mapping.methods([card, {**card, "currency": "USD"}, row, {**row, "name_en": "again"}])
    assert [(offer.slug, offer.currency) for offer in offers] == [
        ("credit_card", "JPY"),
        ("credit_card", "USD"),
        ("paypay", "JPY"),
    ]
    assert (offers[0].subtypes, offers[0].can_be_kept) == (["visa", "master"], ["visa"])
    names = {"en": "PayPay", "ja": "PayPay", "ko": "PayPay"}
    assert offers[2] == MethodOffer(slug="paypay", currency="JPY", names=names, subtypes=[], can_be_kept=[])


@pytest.mark.parametrize("wrong", [{}, [5], [{"currency": "JPY"}]])
def test_methods_of_another_shape_are_unreadable(wrong):
    with pytest.raises(Unreadable):
        mapping.methods(wrong)
