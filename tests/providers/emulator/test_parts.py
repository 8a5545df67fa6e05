"""The table of parts, and what the ledger offers to all of them."""

import pytest

from providers.emulator.parts import PARTS
from providers.emulator.records import Account, Refused
from tests.providers.emulator.ledgers import API, BUYER, make


def test_every_part_is_listed_under_its_own_name_and_prefix():
    assert all(name == part.name for name, part in PARTS.items())
    assert all(part.prefix.startswith(f"/{part.name}") for part in PARTS.values())


def test_a_call_that_no_part_knows_is_refused_in_the_form_of_the_provider_meant(emulator):
    for part in PARTS.values():
        answer = emulator.http.get(f"{part.prefix}/no/such/thing")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == part.profile.problem(404, "x").content_type


def test_a_payment_of_one_provider_is_unknown_to_the_control_calls_of_another(emulator):
    emulator.account()
    reference = emulator.payment()
    others = [name for name in PARTS if name != "komoju"]
    for name in others:
        assert emulator.http.get(f"/_emulator/{name}/payments/{reference}").status_code == 404


def test_posted_effects_move_the_sum_of_their_kind_and_keep_what_the_part_says(ledger):
    reference = make(ledger)
    ledger.post(reference, "authorise", 1000, BUYER, status="authorised", picture={"status": "AUTHORIZED"})
    ledger.post(reference, "capture", 400, API)
    ledger.post(reference, "raise", 200, API)
    ledger.post(reference, "lower", 100, API)
    ledger.post(reference, "cancel", 300, API)
    ledger.post(reference, "refund", 150, API)
    effect = ledger.post(reference, "extend", 0, API, picture={"status": "PART_CAPTURED"})
    payment = ledger.get(reference)
    sums = (payment.authorised_minor, payment.captured_minor, payment.cancelled_minor, payment.refunded_minor)
    assert sums == (1200, 400, 400, 150)
    assert (payment.status, payment.picture, effect.seq) == ("authorised", {"status": "PART_CAPTURED"}, 7)


@pytest.mark.parametrize(("kind", "minor"), [("capture", 601), ("cancel", 601), ("lower", 601), ("refund", 401)])
def test_i1_what_would_exceed_the_sums_is_refused_and_changes_nothing(ledger, kind, minor):
    reference = make(ledger)
    ledger.post(reference, "authorise", 1000, BUYER)
    ledger.post(reference, "capture", 400, API)
    before = ledger.get(reference)
    with pytest.raises(Refused) as refusal:
        ledger.post(reference, kind, minor, API)
    assert refusal.value.code == "over"
    assert ledger.get(reference) == before
    assert len(ledger.effects) == 2


def test_i1_a_provider_that_does_not_cap_is_watched(ledger):
    reference = make(ledger)
    ledger.open_account(Account("acc", "komoju", "test", "sk", switches={"cap": False}))
    ledger.post(reference, "authorise", 1000, BUYER)
    ledger.post(reference, "capture", 1001, API)
    assert [entry["rule"] for entry in ledger.watch.broken] == ["I1"]


def test_an_amount_below_zero_is_refused(ledger):
    with pytest.raises(Refused, match="below zero"):
        ledger.post(make(ledger), "capture", -1, API)


def test_uuids_are_drawn_from_the_ledgers_own_source(ledger):
    first, second = ledger.new_uuid(), ledger.new_uuid()
    assert first != second
    assert first[14] == "4"
