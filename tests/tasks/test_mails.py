"""Mails are sent by their wake-up, and by the sweep alone when Redis has lost it (R18, I10)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks import mails, scheduler, sweep
from tests.desk import Desk
from tests.mail_catcher import Catcher, running_catcher
from tests.webapp.services.mails.letters import all_mails, mail, queue
from tests.webapp.services.mails.test_failures import address, expire
from webapp.domain.mails import MailState
from webapp.services.mails import failures


@pytest.fixture
def catcher(desk: Desk) -> Iterator[Catcher]:
    with running_catcher() as running:
        desk.use_mail_server(running.address)
        yield running


def test_a_wake_up_sends_its_mail_and_a_second_one_finds_nothing_to_do(desk: Desk, catcher: Catcher) -> None:
    mail_id = queue(desk)
    for _ in range(2):
        mails.send.__wrapped__(str(mail_id))  # type: ignore[attr-defined]
    assert mail(mail_id).state is MailState.SENT
    assert len(catcher.mails()) == 1


def test_the_sweep_writes_and_sends_failure_mails_without_redis_I10(desk: Desk, catcher: Catcher) -> None:
    address(desk, "ana@shop.test")
    expire(desk, desk.payment(3300))
    desk.later(minutes=2)
    for _ in range(2):
        sweep.run_due("default")
    assert [row.state for row in all_mails()] == [MailState.SENT]
    assert len(catcher.mails("ana@shop.test")) == 1


def test_the_scheduler_writes_failure_mails_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(failures, "make_due", lambda: made.append(1) or 0)
    monkeypatch.setattr(scheduler, "RELAY_EVERY_S", 0)

    class Rounds:
        left = scheduler.TICK_EVERY

        def wait(self, _seconds: float) -> bool:
            self.left -= 1
            return self.left < 0

    class NoRelay:
        def publish(self) -> int:
            return 0

    scheduler._loop(NoRelay(), None, Rounds())  # type: ignore[arg-type]
    assert made == [1]
