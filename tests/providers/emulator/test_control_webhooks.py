"""Deliveries from the control side: what is refused. What is done is tried in test_sender.py."""


def test_a_delivery_without_an_address_cannot_be_sent_but_lost(emulator, api):
    emulator.payment()
    answer = emulator.http.post("/_emulator/webhooks/1", json={"action": "send"})
    assert (answer.status_code, "address" in answer.json()["error"]) == (409, True)
    assert emulator.control("POST", "webhooks/1", {"action": "lose"}) == {"n": 1, "state": "lost"}


def test_an_unknown_action_is_refused(emulator, api):
    emulator.account(webhook_url="http://127.0.0.1:9/")
    emulator.payment()
    answer = emulator.http.post("/_emulator/webhooks/1", json={"action": "eat"})
    assert answer.status_code == 400
    answer = emulator.http.post("/_emulator/webhooks/1", json={"action": "delay"})
    assert (answer.status_code, "seconds" in answer.json()["error"]) == (400, True)
