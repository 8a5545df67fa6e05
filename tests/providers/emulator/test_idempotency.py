"""The key store alone; over HTTP it is tried in test_gateway.py."""

from datetime import timedelta

from providers.emulator.idempotency import KeyStore
from tests.providers.emulator.ledgers import HandClock


def test_a_key_runs_then_has_its_answer_then_is_forgotten_after_24_hours():
    clock = HandClock()
    keys = KeyStore(clock)
    assert keys.find("acc", "k") is None
    keys.begin("acc", "k", "digest")
    running = keys.find("acc", "k")
    assert running is not None
    assert running.status is None
    clock.moment += timedelta(hours=23, minutes=59)
    keys.finish("acc", "k", 200, "{}")
    answered = keys.find("acc", "k")
    assert answered is not None
    assert (answered.status, answered.body, answered.digest) == (200, "{}", "digest")
    clock.moment += timedelta(minutes=1)
    assert keys.find("acc", "k") is None


def test_keys_belong_to_their_account_and_can_be_forgotten():
    keys = KeyStore(HandClock())
    keys.begin("acc", "k", "digest")
    assert keys.find("other", "k") is None
    keys.forget("acc", "k")
    keys.forget("acc", "never seen")
    assert keys.find("acc", "k") is None
