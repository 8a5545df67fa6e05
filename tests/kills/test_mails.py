"""K16 with real processes and a real mail server: whoever dies where, no second copy goes out by itself (I14)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kills.blows import Blow
from tests.kills.programs import until
from tests.kills.world import World
from tests.mail_catcher import Catcher, running_catcher
from tests.webapp.services.mails.letters import all_mails, mail, queue
from webapp.domain.mails import UNDER_WAY, MailState

pytestmark = [pytest.mark.kill, pytest.mark.timeout(180)]
QUICK = {"poll_s": "0.2", "lease_s": "3"}


@pytest.fixture
def catcher(world: World) -> Iterator[Catcher]:
    with running_catcher() as running:
        world.env["PAYDESK_SMTP_URL"] = running.address
        yield running


@pytest.mark.parametrize(
    ("nth", "state", "copies"), [(1, MailState.SENT, 1), (2, MailState.MAYBE_SENT, 0), (3, MailState.MAYBE_SENT, 1)]
)
def test_K16_a_killed_worker_leaves_no_second_copy(
    world: World, catcher: Catcher, nth: int, state: MailState, copies: int
) -> None:
    """Before DATA, during it, and after it but before the result is written."""
    mail_id = queue(world.desk)
    struck = world.start("default", Blow("K16", nth), **QUICK)
    until(lambda: struck.struck and not struck.runs, 30, "the worker is killed")
    world.start("default", **QUICK)
    until(lambda: mail(mail_id).state not in UNDER_WAY, 30, f"the mail ends; {mail(mail_id).state}")
    assert (mail(mail_id).state, len(catcher.mails())) == (state, copies)


def test_K16_two_workers_at_once_send_each_mail_once(world: World, catcher: Catcher) -> None:
    for _ in range(2):
        world.start("default", poll_s="0.02")
    ids = [queue(world.desk) for _ in range(8)]
    until(lambda: not any(row.state in UNDER_WAY for row in all_mails()), 40, "all mails are sent")
    assert [mail(one).state for one in ids] == [MailState.SENT] * 8
    assert len(catcher.mails()) == 8
