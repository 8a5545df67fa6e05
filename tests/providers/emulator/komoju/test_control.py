"""Payments made and moved from the control side."""

import pytest

from tests.emulator import SECRET_KEY

PAYMENT = {"account": SECRET_KEY, "method": "credit_card", "amount_minor": 100, "currency": "JPY"}


def test_the_portal_refuses_what_the_state_does_not_allow(emulator, api):
    reference = emulator.payment(state="cancelled")
    for body, status in (({"action": "refund"}, 409), ({"action": "dance"}, 400), ({}, 400)):
        answer = emulator.http.post(f"/_emulator/komoju/payments/{reference}/portal", json=body)
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("made", "action", "after"),
    [
        ({"capture": "manual"}, "capture", ("capture", "captured")),
        ({"capture": "manual"}, "cancel", ("cancel", "cancelled")),
        ({"capture": "manual"}, "expire", ("expire", "expired")),
        ({}, "refund", ("refund", "refunded")),
        ({}, "dispute", ("dispute", "refunded")),
        ({}, "settle", ("settle", "captured")),
        ({"method": "konbini"}, "pay", ("capture", "captured")),
        ({"state": "pending"}, "refuse", ("fail", "failed")),
        ({"state": "pending", "capture": "manual"}, "authorise", ("authorise", "authorised")),
    ],
)
def test_the_portal_moves_a_payment(emulator, api, made, action, after):
    kind, state = after
    reference = emulator.payment(**made)
    assert emulator.portal(reference, action)["status"] == state
    last = emulator.effects(reference)[-1]
    assert last["kind"] == kind
    assert last["source"] in ("portal", "buyer")


@pytest.mark.parametrize("state", ["pending", "authorised", "captured", "refunded", "cancelled", "expired", "failed"])
def test_a_payment_can_be_made_in_any_state(emulator, api, state):
    reference = emulator.payment(capture="manual", state=state)
    assert emulator.ledger(reference=reference)["payments"][0]["status"] == state


def test_a_taken_reference_is_refused(emulator, api):
    emulator.payment(id="a" * 25)
    answer = emulator.http.post("/_emulator/komoju/payments", json={**PAYMENT, "id": "a" * 25})
    assert answer.status_code == 409
