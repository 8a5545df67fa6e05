"""Klarna's own ways over HTTP: parts with lines, releases, other amounts, holds, references, messages."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from providers import registry
from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound, ProviderUnavailable
from providers.kinds import MovementKind, OperationKind, Outcome, ProviderState
from providers.money import Money
from providers.planning import WishKind
from providers.port import ExtendsHolds, FollowsTasks, WireCall
from tests.providers.klarna.desk import ORDER, Desk, adapter, klarna_account
from tests.providers.klarna.samples import KETTLE_LINE, MUG_LINE

CAPTURE, CANCEL, REFUND, UPDATE = OperationKind


def update(desk: Desk, ref: str, total: int, *lines) -> WireCall:
    seen = desk.klarna.fetch_payment(ref)
    assert seen.open_authorised is not None
    moved = abs(total - seen.open_authorised.minor)
    return desk.prepare(UPDATE, ref, moved, new_total=Money(total, "SEK"), lines=lines)


def test_an_order_is_captured_in_parts_with_lines_and_each_part_is_found_again(desk):
    ref = desk.order()
    first = desk.do(CAPTURE, ref, 50000, lines=[KETTLE_LINE])
    second = desk.do(CAPTURE, ref, 24900)
    seen = desk.klarna.fetch_payment(ref)
    assert [(one.id, one.money.minor) for one in seen.movements] == [
        (first.movement_id, 50000),
        (second.movement_id, 24900),
    ]
    assert (seen.state, seen.open_authorised) == (ProviderState.CAPTURED, Money(74900, "SEK"))
    assert seen.cancelled.minor == 0


def test_a_part_refund_with_lines_belongs_to_the_capture_of_those_lines(desk):
    ref = desk.order()
    desk.do(CAPTURE, ref, 24900, lines=[MUG_LINE])
    desk.do(CAPTURE, ref, 50000, lines=[KETTLE_LINE])
    less = replace(KETTLE_LINE, name="Scratched", unit_price_minor=12500, total_minor=12500, tax_minor=2500)
    assert desk.do(REFUND, ref, 12500, lines=[less]).outcome is Outcome.DONE
    line = desk.emulator.control("GET", f"klarna/payments/{ref}")
    assert line["refunded_minor"] == 12500
    picture = desk.emulator.running.world.ledger.get(ref).picture
    assert [entry["refunded_amount"] for entry in picture["captures"]] == [0, 12500]


@pytest.mark.parametrize("word", ["CAPTURED", "PART_CAPTURED", "CLOSED"])
def test_r6_a_part_captured_order_is_released_and_refunded_by_two_operations(desk, word):
    klarna_account(desk.emulator, switches={"released_status": word})
    ref = desk.order()
    desk.do(CAPTURE, ref, 50000)
    plan = desk.klarna.capabilities.plan(WishKind.CANCEL_OR_REFUND, None, desk.facts(ref), {})
    calls = [desk.prepare(step.kind, ref, step.amount_minor) for step in plan.steps]
    assert [(call.kind, call.amount_minor) for call in calls] == [(CANCEL, 24900), (REFUND, 50000)]
    assert desk.klarna.send(calls[0]).outcome is Outcome.DONE
    seen = desk.klarna.fetch_payment(ref)
    assert (seen.open_authorised, seen.cancelled) == (Money(50000, "SEK"), Money(24900, "SEK"))
    if word != "CLOSED":
        assert desk.klarna.send(calls[1]).outcome is Outcome.DONE
        assert desk.klarna.fetch_payment(ref).state is ProviderState.REFUNDED


def test_the_amount_goes_down_and_up_with_all_lines_and_the_level_shows_it(desk):
    ref = desk.order()
    assert desk.klarna.send(update(desk, ref, 50000, KETTLE_LINE)).outcome is Outcome.DONE
    seen = desk.klarna.fetch_payment(ref)
    assert (seen.open_authorised, seen.lines) == (Money(50000, "SEK"), (KETTLE_LINE,))
    up = desk.klarna.send(update(desk, ref, 100000, KETTLE_LINE, KETTLE_LINE))
    assert (up.outcome, up.movement_id) == (Outcome.DONE, None)
    seen = desk.klarna.fetch_payment(ref)
    assert (seen.open_authorised, seen.authorised) == (Money(100000, "SEK"), Money(100000, "SEK"))
    assert [one["kind"] for one in desk.emulator.effects(ref)] == ["authorise", "lower", "raise"]
    assert desk.emulator.ledger()["broken"] == []


def test_a_raise_that_klarna_does_not_grant_is_a_state_conflict(desk):
    ref = desk.order()
    klarna_account(desk.emulator, switches={"refuse_raise": True})
    reply = desk.klarna.send(update(desk, ref, 100000, KETTLE_LINE, KETTLE_LINE))
    assert (reply.outcome, reply.code, reply.state_conflict) == (Outcome.ASK, "NOT_ALLOWED", True)
    assert desk.klarna.fetch_payment(ref).open_authorised == Money(74900, "SEK")


def test_r12_an_edited_repeat_under_the_same_key_is_told_the_first_answer_and_does_nothing(desk):
    ref = desk.order()
    call = desk.prepare(CAPTURE, ref, 1000)
    first = desk.klarna.send(call)
    edited = replace(call, body=(call.body or b"").replace(b"1000", b"2000"), amount_minor=2000)
    assert desk.klarna.send(edited).movement_id == first.movement_id
    assert desk.klarna.fetch_payment(ref).captured == Money(1000, "SEK")


@pytest.mark.parametrize(
    ("portal", "kind", "minor"),
    [("capture", CANCEL, 74900), ("cancel", CAPTURE, 74900), ("expire", CAPTURE, 74900), ("cancel", CANCEL, 74900)],
)
def test_i6_what_the_portal_did_between_form_and_send_is_asked_about(desk, portal, kind, minor):
    ref = desk.order()
    call = desk.prepare(kind, ref, minor)
    desk.portal(ref, portal)
    reply = desk.klarna.send(call)
    assert (reply.outcome, reply.state_conflict) == (Outcome.ASK, True)
    assert len([one for one in desk.emulator.effects(ref) if one["source"] == "api"]) == 0


def test_a_release_after_the_rest_was_captured_in_the_portal_is_asked_about(desk):
    ref = desk.order(state="part_captured")
    call = desk.prepare(CANCEL, ref, 37450)
    desk.portal(ref, "capture")
    assert desk.klarna.send(call).outcome is Outcome.ASK


@pytest.mark.parametrize("replayed", [False, True])
def test_r14_a_buyer_who_cannot_be_charged_now_is_charged_later_under_a_fresh_key(desk, replayed):
    klarna_account(desk.emulator, switches={"replay_errors": replayed})
    ref = desk.order()
    desk.portal(ref, "method_fails")
    call = desk.prepare(CAPTURE, ref, 74900)
    reply = desk.klarna.send(call)
    assert (reply.outcome, reply.fresh_key, reply.credentials_refused) == (Outcome.NOT_APPLIED, True, False)
    desk.portal(ref, "method_works")
    assert desk.klarna.send(call).fresh_key is replayed  # the old key may be told the old answer for a day
    fresh = desk.klarna.send(replace(call, key=str(uuid4()))) if replayed else None
    assert fresh is None or fresh.outcome is Outcome.DONE
    assert len(desk.emulator.effects(ref, "capture")) == 1


def test_a_403_without_a_body_is_a_fault_of_the_account(desk):
    ref = desk.order()
    call = desk.prepare(CAPTURE, ref, 74900)
    desk.emulator.fault("error_before", "capture", nth=1, status=403, bare=True)
    reply = desk.klarna.send(call)
    assert (reply.outcome, reply.credentials_refused, reply.code) == (Outcome.NOT_APPLIED, True, None)
    desk.emulator.fault("error_before", "read", nth=1, status=403, bare=True)
    with pytest.raises(CredentialsRefused):
        desk.klarna.fetch_payment(ref)


def test_a_review_holds_the_order_until_it_is_accepted(desk):
    ref = desk.order(state="pending_fraud")
    seen = desk.klarna.fetch_payment(ref)
    assert (seen.held, seen.state) == (True, ProviderState.AUTHORISED)
    assert not desk.klarna.capabilities.availability(CAPTURE, desk.facts(ref), {}).possible
    desk.portal(ref, "fraud_accepted")
    assert not desk.klarna.fetch_payment(ref).held
    assert desk.do(CAPTURE, ref, 74900).outcome is Outcome.DONE
    desk.portal(ref, "fraud_stopped")
    assert desk.klarna.fetch_payment(ref).held


def test_a_hold_is_extended_by_the_accounts_days_and_never_once_it_has_lapsed(desk):
    assert isinstance(desk.klarna, ExtendsHolds)
    assert not isinstance(desk.klarna, FollowsTasks)
    ref = desk.order()
    before = desk.klarna.fetch_payment(ref).hold_expires_at
    desk.emulator.advance(3 * 86400)
    key = str(uuid4())
    assert desk.klarna.extend_hold(ref, key).outcome is Outcome.DONE
    after = desk.klarna.fetch_payment(ref).hold_expires_at
    assert timedelta(days=2, hours=23) < after - before < timedelta(days=3, hours=1)
    assert desk.klarna.extend_hold(ref, key).outcome is Outcome.DONE
    assert len(desk.emulator.effects(ref, "extend")) == 1
    desk.emulator.advance(29 * 86400)
    assert desk.klarna.fetch_payment(ref).state is ProviderState.EXPIRED
    late = desk.klarna.extend_hold(ref, str(uuid4()))
    assert (late.outcome, late.state_conflict) == (Outcome.ASK, True)


def test_an_order_is_acknowledged_and_gets_our_references(desk):
    ref = desk.order(order_number="CART-1")
    assert desk.klarna.acknowledge(ref, str(uuid4())).outcome is Outcome.DONE
    assert desk.klarna.set_references(ref, str(uuid4()), "SO-1").outcome is Outcome.DONE
    assert desk.klarna.set_references(ref, str(uuid4()), None, "second").outcome is Outcome.DONE
    seen = desk.klarna.fetch_payment(ref)
    assert (seen.order_number, seen.kept["merchant_reference2"]) == ("SO-1", "second")
    with pytest.raises(PaymentNotFound):
        desk.klarna.acknowledge("../../payments", str(uuid4()))
    with pytest.raises(ValueError, match="UUID"):
        desk.klarna.acknowledge(ref, "not-a-key")
    assert desk.klarna.acknowledge(ORDER, str(uuid4())).outcome is Outcome.REFUSED


def test_orders_of_older_form_are_read_in_lower_case_and_without_refund_ids(desk):
    klarna_account(desk.emulator, switches={"lower_case_currency": True, "no_refund_ids": True})
    ref = desk.order(state="refunded")
    seen = desk.klarna.fetch_payment(ref)
    assert seen.refunded == Money(74900, "SEK")
    (refund,) = [one for one in seen.movements if one.kind is MovementKind.REFUND]
    assert refund.id == f"{ref}:refund:74900"


def test_an_answer_without_a_body_is_as_good_as_one_with_an_id_in_it(desk):
    klarna_account(desk.emulator, switches={"empty_refund_body": True})
    ref = desk.order(state="captured")
    reply = desk.do(REFUND, ref, 700)
    movements = desk.klarna.fetch_payment(ref).movements
    assert (reply.outcome, reply.movement_id) == (Outcome.DONE, movements[-1].id)


def test_an_answer_about_another_order_is_no_answer(emulator):
    other = {"order_id": ORDER.replace("5d1c", "aaaa"), "order_amount": 1, "purchase_currency": "SEK"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=other))
    made = registry.build("klarna", "klarna-eu", {"username": "K1", "password": "x"}, transport=transport)
    with pytest.raises(OutcomeUnknown, match="another order"):
        made.fetch_payment(ORDER)


def test_r9_a_write_that_is_held_up_too_long_is_not_sent(desk):
    def too_late() -> None:
        raise ProviderUnavailable("held up")

    late = adapter(desk.emulator.url_of("klarna"), before_send=too_late)
    ref = desk.order()
    with pytest.raises(ProviderUnavailable):
        late.send(desk.prepare(CAPTURE, ref, 100))
    assert late.fetch_payment(ref).captured.minor == 0
    late.close()


def test_the_correlation_id_is_kept_and_the_keys_are_not(desk):
    ref = desk.order(state="captured")
    call = desk.prepare(REFUND, ref, 700, reason="for Ana Canary")
    shown = desk.klarna.redact(call) + desk.klarna.send(call).redacted
    assert "correlation_id" in shown
    assert "Canary" not in shown
    assert "klarna-password" not in shown + repr(call)
