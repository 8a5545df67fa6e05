"""Every fault of T1 over HTTP, and the provider's own idempotency store."""

import threading
import time

import httpx
import pytest

from tests.emulator import EmulatorClient
from tests.providers.emulator.conftest import under

REFUND = {"amount": 700, "description": "op_1 mug"}


def refund(api: httpx.Client, reference: str, key: str = "key-1", body: object = REFUND) -> httpx.Response:
    return api.post(f"/payments/{reference}/refund", json=body, headers=under(key))


def refunds(emulator: EmulatorClient, reference: str) -> list[dict[str, object]]:
    return emulator.effects(reference, "refund")


def test_a_repeat_with_the_same_key_gets_the_first_answer_and_has_no_second_effect(emulator, api):
    reference = emulator.payment(2200)
    first, second = refund(api, reference), refund(api, reference)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert len(refunds(emulator, reference)) == 1


def test_a_repeat_of_a_refusal_is_refused_again_unless_the_switch_says_otherwise(emulator, api):
    reference = emulator.payment(2200, state="pending")
    assert refund(api, reference).json()["error"]["code"] == "not_refundable"
    emulator.portal(reference, "pay")
    assert refund(api, reference).json()["error"]["code"] == "not_refundable"
    emulator.account(switches={"replay_errors": False})
    other = emulator.payment(2200, state="pending")
    assert refund(api, other, "key-2").status_code == 422
    emulator.portal(other, "pay")
    assert refund(api, other, "key-2").status_code == 200


def test_a_mistake_in_the_request_leaves_the_key_free(emulator, api):
    reference = emulator.payment(2200)
    assert api.post(f"/payments/{reference}/refund", headers=under("key-1")).status_code == 400
    assert refund(api, reference).status_code == 200


def test_the_same_key_with_another_body_is_refused_without_effect(emulator, api):
    reference = emulator.payment(2200)
    refund(api, reference)
    assert refund(api, reference, body={"amount": 5}).status_code == 422
    assert len(refunds(emulator, reference)) == 1


def test_a_key_is_forgotten_after_24_hours_and_the_second_effect_is_reported_as_i2(emulator, api):
    reference = emulator.payment(2200)
    refund(api, reference)
    emulator.advance(24 * 3600 - 60)
    refund(api, reference)
    assert len(refunds(emulator, reference)) == 1
    emulator.advance(61)
    refund(api, reference)
    assert len(refunds(emulator, reference)) == 2
    assert {entry["rule"] for entry in emulator.ledger()["broken"]} == {"I2"}


@pytest.mark.parametrize("key", ["", "x" * 101])
def test_an_unacceptable_key_is_a_bad_request(emulator, api, key):
    reference = emulator.payment(2200)
    assert refund(api, reference, key).status_code == 400
    assert refunds(emulator, reference) == []


@pytest.mark.parametrize(("kind", "effects"), [("timeout_before", 0), ("timeout_after", 1), ("hang_up", 0)])
def test_a_lost_answer_hides_whether_there_was_an_effect(emulator, api, kind, effects):
    reference = emulator.payment(2200)
    emulator.fault(kind, "refund", nth=1, seconds=0.05)
    with pytest.raises(httpx.RemoteProtocolError):
        refund(api, reference)
    assert len(refunds(emulator, reference)) == effects
    assert refund(api, reference).status_code == 200
    assert len(refunds(emulator, reference)) == 1


def test_a_timed_out_call_hangs_without_keeping_others_waiting(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("timeout_after", "refund", nth=1, seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        api.post(f"/payments/{reference}/refund", json=REFUND, timeout=1)
    assert api.get(f"/payments/{reference}").json()["amount_refunded"] == 700


def test_a_late_effect_comes_after_its_time_and_its_key_is_running_until_then(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("late_effect", "refund", nth=1, seconds=120)
    with pytest.raises(httpx.RemoteProtocolError):
        refund(api, reference)
    assert refund(api, reference).status_code == 409
    assert refunds(emulator, reference) == []
    emulator.advance(121)
    assert refund(api, reference).json()["amount_refunded"] == 700
    assert len(refunds(emulator, reference)) == 1


def test_a_late_effect_needs_no_further_request(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("late_effect", "refund", nth=1, seconds=0.01)
    with pytest.raises(httpx.RemoteProtocolError):
        refund(api, reference)
    until = time.monotonic() + 5
    while not emulator.running.world.ledger.get(reference).refunds and time.monotonic() < until:
        time.sleep(0.01)
    assert emulator.running.world.ledger.get(reference).refunded_minor == 700


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(("kind", "effects"), [("error_before", 0), ("error_after", 1)])
def test_a_server_error_comes_before_or_after_the_effect(emulator, api, kind, effects, status):
    reference = emulator.payment(2200)
    emulator.fault(kind, "refund", nth=1, status=status)
    answer = refund(api, reference)
    assert answer.status_code == status
    assert answer.json()["error"]["code"]
    assert len(refunds(emulator, reference)) == effects


def test_a_stored_server_error_is_replayed_for_ever(emulator, api):
    """R14."""
    reference = emulator.payment(2200)
    emulator.fault("error_after", "refund", nth=1, stored=True)
    assert [refund(api, reference).status_code for _ in range(3)] == [500, 500, 500]
    assert len(refunds(emulator, reference)) == 1


def test_409_running_has_no_effect(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("running", "refund", nth=1)
    assert refund(api, reference).status_code == 409
    assert refunds(emulator, reference) == []


def test_a_refused_repeat_follows_a_good_first_answer(emulator, api):
    """I6: the refusal proves nothing."""
    reference = emulator.payment(2200)
    emulator.fault("refuse_repeat", "refund")
    assert refund(api, reference).status_code == 200
    assert refund(api, reference).json()["error"]["code"] == "not_refundable"
    assert len(refunds(emulator, reference)) == 1


def test_an_expired_key_makes_a_second_effect(emulator, api):
    reference = emulator.payment(2200)
    refund(api, reference)
    emulator.fault("expired_key", "refund", nth=1)
    refund(api, reference)
    assert len(refunds(emulator, reference)) == 2


def test_a_cut_body_ends_in_the_middle(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("cut_body", "refund", nth=1)
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        refund(api, reference)
    assert len(refunds(emulator, reference)) == 1


def test_a_garbage_body_is_html_after_the_effect(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("html_body", "refund", nth=1)
    answer = refund(api, reference)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<html" in answer.text
    assert len(refunds(emulator, reference)) == 1


def test_a_wrong_amount_moves_other_money_than_was_asked(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("wrong_amount", "refund", nth=1, amount_minor=-100)
    assert refund(api, reference).json()["refunds"][0]["amount"] == 600
    assert refunds(emulator, reference)[0]["amount_minor"] == 600


def test_a_wrong_answer_only_says_another_amount(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("wrong_answer", "refund", nth=1, amount_minor=5)
    assert refund(api, reference).json()["refunds"][0]["amount"] == 705
    assert refunds(emulator, reference)[0]["amount_minor"] == 700


def test_slow_bytes_arrive_whole_in_the_end(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("slow_bytes", "read", nth=1, seconds=0.3)
    started = time.monotonic()
    assert api.get(f"/payments/{reference}").json()["id"] == reference
    assert time.monotonic() - started >= 0.25


def test_a_stale_read_shows_the_payment_of_a_minute_ago(emulator, api):
    reference = emulator.payment(2200)
    emulator.advance(120)
    refund(api, reference)
    emulator.fault("stale_read", "read", nth=1)
    assert api.get(f"/payments/{reference}").json()["amount_refunded"] == 0
    assert api.get(f"/payments/{reference}").json()["amount_refunded"] == 700


def test_429_says_when_to_come_back_and_401_does_nothing(emulator, api):
    reference = emulator.payment(2200)
    emulator.fault("rate_limited", "refund", nth=1, seconds=7)
    emulator.fault("unauthorised", "refund", nth=2)
    limited, unauthorised = refund(api, reference), refund(api, reference)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert (unauthorised.status_code, unauthorised.json()["error"]["code"]) == (401, "unauthorized")
    assert refunds(emulator, reference) == []


def test_latency_slows_calls_but_not_each_other(emulator, api):
    reference = emulator.payment(2200)
    emulator.latency(400)
    started = time.monotonic()
    threads = [threading.Thread(target=api.get, args=(f"/payments/{reference}",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.4 <= time.monotonic() - started < 2.4
