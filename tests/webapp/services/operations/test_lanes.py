"""Two lanes of one worker over one wire: one call at a time, everything once, errors not swallowed."""

from __future__ import annotations

import threading
import time
import uuid

import pytest

from providers.komoju.adapter import KomojuProvider
from providers.port import Reply, WireCall
from tests.desk import Desk
from webapp.domain.operations import OperationState
from webapp.services import runtime
from webapp.services.operations import lanes, recording, running, sending
from webapp.services.operations.claiming import Claim


def test_without_lanes_the_wire_is_free_for_everybody() -> None:
    with lanes.wire(), lanes.wire():
        pass


def test_the_wire_lets_one_lane_through_at_a_time() -> None:
    inside, most = 0, 0

    def work() -> int:
        nonlocal inside, most
        for _ in range(20):
            with lanes.wire():
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1
        return 20

    assert lanes.in_lanes(work) == 20 * lanes.LANES
    assert most == 1


def test_a_lane_works_under_the_runtime_of_its_worker(desk: Desk) -> None:
    del desk  # it installs a runtime
    here = runtime.renamed("somebody")
    owners: set[str] = set()

    def work() -> int:
        owners.add(runtime.current().owner)
        return 0

    with runtime.using(here):
        lanes.in_lanes(work)
    assert owners == {"somebody"}


def test_the_error_of_one_lane_is_raised_once_the_other_has_ended() -> None:
    ended = threading.Event()
    first = threading.Lock()

    def work() -> int:
        if first.acquire(blocking=False):
            raise ValueError("broken")
        time.sleep(0.05)
        ended.set()
        return 1

    with pytest.raises(ValueError, match="broken"):
        lanes.in_lanes(work)
    assert ended.is_set()


class Watched:
    """Counts the calls that are on the wire at once, and holds the first result back until another call begins."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on_wire = self.most = 0
        self.overlapped = False
        self._calls_made = 0
        self._send, self._record = KomojuProvider.send, recording.record
        watched = self

        def send(self: KomojuProvider, call: WireCall) -> Reply:
            return watched.send(self, call)

        monkeypatch.setattr(KomojuProvider, "send", send)
        monkeypatch.setattr(sending, "record", self.record)

    def send(self, provider: KomojuProvider, call: WireCall) -> Reply:
        self._calls_made += 1
        self.on_wire += 1
        self.most = max(self.most, self.on_wire)
        time.sleep(0.03)
        reply = self._send(provider, call)
        self.on_wire -= 1
        return reply

    def record(self, claim: Claim, attempt_id: uuid.UUID, reply: Reply) -> None:
        until = time.monotonic() + 10
        while self._calls_made > 1 and not self.overlapped and time.monotonic() < until:
            self.overlapped = self.on_wire > 0
            time.sleep(0.001)
        self._record(claim, attempt_id, reply)


def test_a_drain_calls_once_at_a_time_and_books_meanwhile_R10(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    payments = [desk.payment(3300) for _ in range(8)]
    operations = [desk.ask(payment, 1100) for payment in payments]
    watched = Watched(monkeypatch)
    assert running.run_due() == 8
    assert {desk.operation(one).state for one in operations} == {OperationState.SUCCEEDED}
    assert [len(desk.effects(payment)) for payment in payments] == [1] * 8
    assert watched.most == 1
    assert watched.overlapped
