"""Deliveries to a really listening receiver: in order, doubled, late, lost, forged, repeated."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from providers.emulator.webhooks import sign_hex

SECRET = "komoju-webhook-secret-1"


class Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"

    def wait_for(self, count: int, seconds: float = 5) -> list[tuple[dict[str, str], bytes]]:
        until = time.monotonic() + seconds
        while len(self.got) < count and time.monotonic() < until:
            time.sleep(0.01)
        return self.got


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.server.got.append((dict(self.headers), raw))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver(emulator) -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    emulator.account(webhook_url=server.url, webhook_secret=SECRET)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def events(receiver: Receiver, count: int) -> list[str]:
    return [headers["X-Komoju-Event"] for headers, _ in receiver.wait_for(count)]


def test_events_arrive_signed_and_in_order(emulator, receiver):
    reference = emulator.payment(capture="manual")
    emulator.portal(reference, "capture")
    assert events(receiver, 2) == ["payment.authorized", "payment.captured"]
    for headers, raw in receiver.got:
        assert headers["X-Komoju-Signature"] == sign_hex(SECRET, raw)


def test_a_failed_delivery_is_repeated(emulator, receiver):
    receiver.statuses = [503]
    emulator.payment()
    receiver.wait_for(1)
    emulator.advance(2)
    assert len(receiver.wait_for(2)) == 2
    assert receiver.got[0][1] == receiver.got[1][1]


def test_a_lost_event_never_arrives_and_can_be_sent_later(emulator, receiver):
    emulator.fault("webhook_lost", "webhook", nth=1)
    emulator.payment(1000)
    emulator.payment(2000)
    receiver.wait_for(1)
    assert b'"total":2000' in receiver.got[0][1]
    assert emulator.webhooks()[0]["state"] == "lost"
    emulator.control("POST", "webhooks/1", {"action": "send"})
    assert b'"total":1000' in receiver.wait_for(2)[1][1]


def test_a_doubled_event_arrives_twice_with_the_same_ids(emulator, receiver):
    emulator.fault("webhook_doubled", "webhook", nth=1)
    emulator.payment()
    (first, raw), (second, again) = receiver.wait_for(2)
    assert (first["X-Komoju-ID"], raw) == (second["X-Komoju-ID"], again)


def test_a_late_event_arrives_after_its_time(emulator, receiver):
    emulator.fault("webhook_late", "webhook", nth=1, seconds=60)
    emulator.payment()
    assert receiver.wait_for(1, seconds=0.3) == []
    emulator.advance(61)
    assert len(receiver.wait_for(1)) == 1


def test_a_forged_event_comes_beside_the_true_one_with_a_signature_that_does_not_fit(emulator, receiver):
    emulator.fault("webhook_forged", "webhook", nth=1)
    emulator.payment()
    fits = [headers["X-Komoju-Signature"] == sign_hex(SECRET, raw) for headers, raw in receiver.wait_for(2)]
    assert sorted(fits) == [False, True]


def test_deliveries_can_be_held_back_and_released_in_reverse(emulator, receiver):
    emulator.control("POST", "webhooks", {"automatic": False})
    reference = emulator.payment(capture="manual")
    emulator.portal(reference, "capture")
    assert receiver.wait_for(1, seconds=0.3) == []
    assert emulator.control("POST", "webhooks", {"release": "newest_first"}) == {"released": 2}
    assert events(receiver, 2) == ["payment.captured", "payment.authorized"]


def test_a_ping_is_sent_on_command(emulator, receiver):
    emulator.control("POST", "webhooks", {"ping": "sk_test_example"})
    assert events(receiver, 1) == ["ping"]


@pytest.mark.parametrize("action", ["double", "forge", "delay"])
def test_one_delivery_can_be_made_to_misbehave(emulator, receiver, action):
    emulator.payment()
    receiver.wait_for(1)
    until = time.monotonic() + 5
    while not emulator.webhooks()[0]["answers"] and time.monotonic() < until:
        time.sleep(0.02)  # the sender has to have noted the answer, else it would note it over the order below
    emulator.control("POST", "webhooks/1", {"action": action, "seconds": 0})
    assert len(receiver.wait_for(2)) == 2


def test_a_receiver_that_is_away_fails_the_delivery_and_nothing_else(emulator, api):
    emulator.account(webhook_url="http://127.0.0.1:9/hook", webhook_secret=SECRET)
    reference = emulator.payment()
    assert api.get(f"/payments/{reference}").status_code == 200
    until = time.monotonic() + 5
    while not emulator.webhooks()[0]["answers"] and time.monotonic() < until:
        time.sleep(0.02)
    assert emulator.webhooks()[0]["answers"] == [0]
