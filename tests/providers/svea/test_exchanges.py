"""The adapter and the emulator together: whole wishes of section 10, tasks, late credits, and Svea's moods."""

from decimal import Decimal

import pytest

from providers.errors import OutcomeUnknown, PaymentNotFound
from providers.kinds import NotOffered, OperationKind, Outcome, ProviderState, RequestState
from providers.lines import OrderLine
from providers.money import Money
from providers.planning import WishKind
from providers.svea.subscriptions import SubscriptionRequest
from tests.emulator import EmulatorClient
from tests.providers.rigs import CANCEL, CAPTURE, REFUND, Rig, facts_of
from tests.providers.svea.desk import adapter, svea_account, svea_order

UPDATE = OperationKind.UPDATE
ROWS = [
    {"Name": "Kettle", "ArticleNumber": "SKU-1", "Quantity": 100, "UnitPrice": 50000, "VatPercent": 2500},
    {"Name": "Mug", "ArticleNumber": "SKU-2", "Quantity": 200, "UnitPrice": 14950, "VatPercent": 1200},
]
BY_ROWS = ("Invoice", "AccountCredit", "PaymentPlan")


@pytest.fixture
def rig(emulator: EmulatorClient):
    svea_account(emulator)
    provider = adapter(emulator.url_of("svea"))
    usual = {"refund_by_hand": None, "unreachable": provider, "wrong_keys": provider, "unknown_ref": "1"}
    yield Rig(provider, emulator, None, None, name="svea", currency="SEK", **usual)
    provider.close()


def make(rig, method, **fields):
    return svea_order(rig.emulator, 79900, method, rows=ROWS, **fields)


def carry_out(rig, wish, ref, amount=None, lines=()):
    """Plan, and then step by step from fresh reads, as the engine does; answers the outcomes."""
    seen = rig.provider.fetch_payment(ref)
    outcomes = []
    for step in rig.provider.capabilities.plan(wish, amount, facts_of(seen), {}).steps:
        call = rig.prepare(step.kind, ref, step.amount_minor, against=step.against, lines=lines)
        outcomes.append(rig.provider.send(call).outcome)
    return outcomes


def sums(rig, ref):
    """Level, captured and refunded as read, and that the emulator's own sums are the same."""
    seen = rig.provider.fetch_payment(ref)
    (line,) = rig.emulator.ledger(reference=ref)["payments"]
    own = (line["authorised_minor"] - line["cancelled_minor"], line["captured_minor"], line["refunded_minor"])
    read = (seen.open_authorised.minor, seen.captured.minor, seen.refunded.minor)
    assert own == read
    assert rig.emulator.ledger(reference=ref)["broken"] == []
    return read


@pytest.mark.parametrize("method", [*BY_ROWS, "Card", "Vipps"])
def test_every_type_is_activated_and_given_back_whole(rig, method):
    ref = make(rig, method)
    assert carry_out(rig, WishKind.CAPTURE, ref) == [Outcome.ACCEPTED]
    assert sums(rig, ref) == (79900, 79900, 0)
    assert len(carry_out(rig, WishKind.CANCEL_OR_REFUND, ref)) == 1
    assert sums(rig, ref) == (79900, 79900, 79900)
    assert rig.provider.fetch_payment(ref).state is ProviderState.REFUNDED
    assert carry_out(rig, WishKind.CANCEL_OR_REFUND, ref) == []


@pytest.mark.parametrize("method", [*BY_ROWS, "Card", "Vipps"])
def test_every_type_is_annulled_before_delivery(rig, method):
    ref = make(rig, method)
    assert carry_out(rig, WishKind.CANCEL_OR_REFUND, ref) == [Outcome.DONE]
    assert sums(rig, ref) == (0, 0, 0)
    assert rig.provider.fetch_payment(ref).state is ProviderState.CANCELLED


@pytest.mark.parametrize("method", [*BY_ROWS, "Card", "Vipps", "Swish", "Trustly"])
def test_every_type_gives_a_part_back_in_its_own_way(rig, method):
    ref = make(rig, method, state="captured")
    assert carry_out(rig, WishKind.REFUND, ref, 12500) in ([Outcome.ACCEPTED], [Outcome.DONE])
    if method == "Trustly":
        rig.portal(ref, "finish")
    assert sums(rig, ref) == (79900, 79900, 12500)


def test_a_settled_card_is_credited_by_amount_and_no_longer_cancelled(rig):
    ref = make(rig, "Card", state="captured", settled=True)
    assert carry_out(rig, WishKind.CANCEL_OR_REFUND, ref) == [Outcome.ACCEPTED]
    assert sums(rig, ref) == (79900, 79900, 79900)


def test_of_a_part_delivered_invoice_the_rows_are_cancelled_and_the_delivery_credited(rig):
    ref = make(rig, "Invoice")
    kettle = [line for line in rig.provider.fetch_payment(ref).lines if line.name == "Kettle"]
    assert carry_out(rig, WishKind.CAPTURE, ref, 50000, kettle) == [Outcome.ACCEPTED]
    assert sums(rig, ref) == (79900, 50000, 0)
    assert len(carry_out(rig, WishKind.CANCEL_OR_REFUND, ref)) == 2
    assert sums(rig, ref) == (50000, 50000, 50000)


def test_one_of_two_mugs_is_delivered_and_credited(rig):
    ref = make(rig, "Invoice")
    (mugs,) = [line for line in rig.provider.fetch_payment(ref).lines if line.name == "Mug"]
    one = OrderLine(mugs.name, Decimal(1), 14950, 14950, 1200, 0, provider_line_ref=mugs.provider_line_ref)
    assert carry_out(rig, WishKind.CAPTURE, ref, 14950, [one]) == [Outcome.ACCEPTED]
    assert sums(rig, ref) == (79900, 14950, 0)
    assert carry_out(rig, WishKind.REFUND, ref, 14950, [one]) == [Outcome.ACCEPTED]
    assert sums(rig, ref) == (79900, 14950, 14950)


def test_a_card_is_captured_in_part_and_the_rest_released(rig):
    ref = make(rig, "Card")
    assert carry_out(rig, WishKind.CAPTURE, ref, 59900) == [Outcome.ACCEPTED]
    assert sums(rig, ref) == (59900, 59900, 0)


def test_an_amount_is_lowered_by_cancelling_and_by_rows_and_raised_by_rows_only(rig):
    card, invoice = make(rig, "Card"), make(rig, "Invoice")
    rig.provider.send(rig.prepare(UPDATE, card, 19900, new_total=Money(60000, "SEK")))
    assert sums(rig, card)[0] == 60000
    for total in (60000, 90000):
        lines = [OrderLine("New", Decimal(1), total, total, 2500, 0)]
        change = abs(total - rig.provider.fetch_payment(invoice).open_authorised.minor)
        call = rig.prepare(UPDATE, invoice, change, new_total=Money(total, "SEK"), lines=lines)
        assert rig.provider.send(call).outcome is Outcome.DONE
        assert sums(rig, invoice)[0] == total


def test_a_raise_beyond_the_buyers_credit_is_asked_and_changes_nothing(rig):
    svea_account(rig.emulator, credit_limit=85000)
    ref = make(rig, "Invoice")
    lines = [OrderLine("New", Decimal(1), 90000, 90000, 2500, 0)]
    call = rig.prepare(UPDATE, ref, 10100, new_total=Money(90000, "SEK"), lines=lines)
    assert rig.provider.send(call).outcome is Outcome.ASK
    assert sums(rig, ref)[0] == 79900


@pytest.mark.parametrize("switches", [{"amount_stays": True}, {"rows_uncounted": True}])
def test_unconfirmed_readings_of_svea_lead_to_the_same_level(rig, switches):
    svea_account(rig.emulator, **switches)
    replaced, cancelled = make(rig, "Invoice"), make(rig, "Invoice")
    lines = [OrderLine("New", Decimal(1), 60000, 60000, 2500, 0)]
    rig.provider.send(rig.prepare(UPDATE, replaced, 19900, new_total=Money(60000, "SEK"), lines=lines))
    mugs = [line for line in rig.provider.fetch_payment(cancelled).lines if line.name == "Mug"]
    rig.provider.send(rig.prepare(CANCEL, cancelled, 29900, lines=mugs))
    assert (sums(rig, replaced)[0], sums(rig, cancelled)[0]) == (60000, 50000)


def test_a_task_runs_and_then_is_done(rig):
    svea_account(rig.emulator, task_seconds=30)
    ref = make(rig, "Invoice")
    reply = rig.provider.send(rig.prepare(CAPTURE, ref, 79900))
    assert reply.outcome is Outcome.ACCEPTED
    assert rig.provider.fetch_task(reply.pending_id) is RequestState.PENDING
    assert sums(rig, ref) == (79900, 0, 0)
    rig.emulator.advance(31)
    assert rig.provider.fetch_task(reply.pending_id) is RequestState.COMPLETED
    assert sums(rig, ref) == (79900, 79900, 0)


@pytest.mark.parametrize(("task", "state"), [("fails", RequestState.REJECTED), ("never", RequestState.PENDING)])
def test_a_task_that_fails_or_never_ends_moves_nothing(rig, task, state):
    svea_account(rig.emulator, task=task, task_seconds=5)
    ref = make(rig, "Invoice")
    reply = rig.provider.send(rig.prepare(CAPTURE, ref, 79900))
    rig.emulator.advance(86400)
    assert rig.provider.fetch_task(reply.pending_id) is state
    assert sums(rig, ref) == (79900, 0, 0)


def test_a_task_of_an_unknown_number_is_not_found(rig):
    ref = make(rig, "Invoice")
    with pytest.raises(PaymentNotFound):
        rig.provider.fetch_task(f"/api/v1/queue/{ref}007")


@pytest.mark.parametrize(("action", "state", "refunded"), [("finish", "COMPLETED", 5000), ("fail", "REJECTED", 0)])
def test_a_banks_credit_is_pending_until_it_succeeds_or_fails(rig, action, state, refunded):
    ref = make(rig, "Trustly")
    reply = rig.provider.send(rig.prepare(REFUND, ref, 5000))
    assert reply.outcome is Outcome.ACCEPTED
    assert rig.provider.fetch_task(reply.pending_id) is RequestState.PENDING
    assert sums(rig, ref) == (79900, 79900, 0)
    seen = facts_of(rig.provider.fetch_payment(ref))
    offer = rig.provider.capabilities.availability(REFUND, seen, {})
    assert (offer.possible, offer.why_not) == (False, NotOffered.NOT_ALLOWED_NOW)
    rig.portal(ref, action)
    assert rig.provider.fetch_task(reply.pending_id) is RequestState[state]
    assert sums(rig, ref) == (79900, 79900, refunded)


def test_an_order_that_svea_checks_is_held_until_it_is_released(rig):
    ref = make(rig, "Invoice", system_status="Pending")
    held = rig.provider.fetch_payment(ref)
    plan = rig.provider.capabilities.plan(WishKind.CAPTURE, None, facts_of(held), {})
    assert (held.held, plan.why_not) == (True, NotOffered.PROVIDER_CHECKS)
    rig.portal(ref, "release")
    assert carry_out(rig, WishKind.CAPTURE, ref) == [Outcome.ACCEPTED]


def test_an_order_that_payment_admin_does_not_know_yet_is_found_a_moment_later(rig):
    ref = make(rig, "Card", lag_seconds=2)
    with pytest.raises(PaymentNotFound):
        rig.provider.fetch_payment(ref)
    rig.emulator.advance(3)
    assert rig.provider.fetch_payment(ref).provider_ref == ref


def test_a_byte_order_mark_null_lists_and_other_spellings_change_nothing(rig):
    card, invoice = make(rig, "Card"), make(rig, "Invoice")
    usual = [rig.provider.fetch_payment(ref) for ref in (card, invoice)]
    svea_account(rig.emulator, bom=True, null_lists=True, other_spelling=True)
    assert [rig.provider.fetch_payment(ref) for ref in (card, invoice)] == usual
    assert carry_out(rig, WishKind.CAPTURE, card, 59900) == [Outcome.ACCEPTED]


def test_what_staff_did_in_the_portal_between_form_and_send_is_refused_and_asked(rig):
    ref = make(rig, "Card")
    call = rig.prepare(CAPTURE, ref, 79900)
    rig.portal(ref, "cancel")
    assert rig.provider.send(call).outcome is Outcome.ASK
    assert sums(rig, ref) == (0, 0, 0)


def test_an_expired_order_has_released_everything(rig):
    ref = make(rig, "Invoice")
    rig.portal(ref, "expire")
    assert rig.provider.fetch_payment(ref).state is ProviderState.EXPIRED
    assert sums(rig, ref) == (0, 0, 0)


def test_methods_prove_the_account_and_part_payment(rig):
    offers = {one.slug: one for one in rig.provider.fetch_methods()}
    assert "213060" in offers["payment_plan"].subtypes
    rig.emulator.control("PUT", "svea/methods", {"account": "example-shared-secret", "methods": []})
    assert "213060" not in {one.slug: one for one in rig.provider.fetch_methods()}["payment_plan"].subtypes
    rig.emulator.fault("error_before", "methods", nth=1)
    with pytest.raises(OutcomeUnknown):
        rig.provider.fetch_methods()


def test_a_subscription_lives_through_all_of_its_calls(rig):
    wanted = SubscriptionRequest(f"{rig.emulator.base_url}/mails")
    ref = rig.provider.add_subscription(wanted)
    rig.provider.put_subscription(ref, wanted)
    rig.provider.verify_subscription(ref)
    assert [one.ref for one in rig.provider.list_subscriptions()] == [ref]
    rig.provider.delete_subscription(ref)
    assert rig.provider.list_subscriptions() == []
