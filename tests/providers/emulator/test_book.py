"""What the book remembers and gives out."""

from datetime import timedelta
from random import Random

from providers.emulator.ledger import Ledger
from providers.emulator.records import Account, Cause
from tests.providers.emulator.ledgers import API, START, HandClock, paid


def test_two_ledgers_with_the_same_seed_give_the_same_references():
    first, second = (Ledger(HandClock(), Random(5)) for _ in range(2))
    assert [first.new_ref() for _ in range(3)] == [second.new_ref() for _ in range(3)]
    assert len(first.new_ref()) == 25


def test_an_earlier_state_can_be_read(ledger):
    reference = paid(ledger)
    ledger.clock.moment = START + timedelta(seconds=90)
    ledger.refund(reference, API)
    assert ledger.as_of(reference, START + timedelta(seconds=30)).status == "captured"
    assert ledger.as_of(reference, START - timedelta(days=1)).status == "pending"


def test_the_same_secret_key_is_the_same_account(ledger):
    again = ledger.open_account(Account("", "komoju", "test", "sk", webhook_url="http://127.0.0.1/x"))
    assert again.id == "acc"
    assert ledger.find_account("komoju", "sk") == again
    assert ledger.find_account("klarna", "sk") is None


def test_effects_carry_who_what_and_when(ledger):
    reference = paid(ledger)
    effect = ledger.refund(reference, Cause("api", "key-1", "digest", "op_9 late delivery"), 250)
    assert (effect.seq, effect.at, effect.kind, effect.amount_minor) == (2, START, "refund", 250)
    assert (effect.key, effect.request_digest, effect.operation, effect.source) == (
        "key-1",
        "digest",
        "op_9",
        "api",
    )
