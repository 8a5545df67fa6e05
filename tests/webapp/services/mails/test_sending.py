"""A mail is handed over at most once by itself, whatever the server does and whoever dies (I14, R42, K16)."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from providers.emulator.mail_faults import KINDS
from tests import factories
from tests.desk import NO_MAIL_SERVER, Desk
from tests.mail_catcher import Catcher
from tests.webapp.services.mails.letters import ANA, all_mails, mail, queue
from webapp.domain.mails import MOST_TRIES, MailState
from webapp.models import Mail
from webapp.services import kill_points, recovery, runtime
from webapp.services.kill_points import KillPoint
from webapp.services.mails import handing_over, keeping, sending
from webapp.services.unit_of_work import in_transaction

M = MailState


def test_a_due_mail_is_sent_once_as_it_was_written(desk: Desk, catcher: Catcher) -> None:
    """R41: subject, text and Message-ID are the stored ones."""
    mail_id = queue(desk)
    assert sending.send(mail_id)
    row, (got,) = mail(mail_id), catcher.mails()
    assert (row.state, row.result, row.answer, row.due_at) == (M.SENT, "taken", "250 kept", None)
    assert (got["sender"], got["recipients"]) == ("desk@paydesk.test", [ANA])
    assert (got["subject"], got["text"], got["message_id"]) == (row.subject, row.body, row.message_id)
    assert str(mail_id) in row.message_id
    assert not sending.send(mail_id)
    assert sending.run_due() == 0
    assert len(catcher.mails()) == 1


def test_two_workers_at_once_send_each_mail_once_I14(desk: Desk, catcher: Catcher) -> None:
    ids = [queue(desk) for _ in range(6)]
    workers = [threading.Thread(target=lambda: [sending.send(one) for one in ids]) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {row.state for row in all_mails()} == {M.SENT}
    assert len(catcher.mails()) == 6


@pytest.mark.parametrize(
    ("kind", "state", "result", "delivered"),
    [
        ("refuse", M.FAILED, "refused", 0),
        ("refuse_for_now", M.QUEUED, "put_off", 0),
        ("refuse_text", M.FAILED, "refused", 0),
        ("put_off_text", M.QUEUED, "put_off", 0),
        ("down", M.QUEUED, "not_reached", 0),
        ("cut_and_keep", M.MAYBE_SENT, "unclear", 1),
        ("cut_and_lose", M.MAYBE_SENT, "unclear", 0),
    ],
)
def test_every_fault_of_the_server_leads_to_the_state_of_R42(
    desk: Desk, catcher: Catcher, kind: str, state: MailState, result: str, delivered: int
) -> None:
    mail_id = queue(desk)
    catcher.fault(kind)
    assert sending.run_due() == 1
    row = mail(mail_id)
    assert (row.state, row.result, row.tries, row.lease_until) == (state, result, 1, None)
    assert len(catcher.mails()) == delivered
    assert ANA not in (row.answer or "")
    catcher.well_again()
    desk.later(days=2)
    sending.run_due()
    after = M.SENT if state is M.QUEUED else state
    assert (mail(mail_id).state, len(catcher.mails())) == (after, max(delivered, int(after is M.SENT)))


def test_every_fault_that_the_catcher_knows_is_tried_above_or_below() -> None:
    assert set(KINDS) == {
        *("refuse", "refuse_for_now", "refuse_text", "put_off_text", "down", "cut_and_keep", "cut_and_lose", "slow")
    }


def test_no_answer_in_time_after_the_text_is_maybe_sent_and_never_sent_again_R42(
    desk: Desk, catcher: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "REPLY_S", 1.0)
    mail_id = queue(desk)
    catcher.fault("slow", seconds=3)
    sending.run_due()
    assert mail(mail_id).state is M.MAYBE_SENT
    assert "timed out" in (mail(mail_id).answer or "")
    desk.later(days=2)
    assert sending.run_due() == 0


def test_a_server_that_trickles_is_cut_off_R42(desk: Desk, catcher: Catcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_over, "WHOLE_S", 1.0)
    mail_id = queue(desk)
    catcher.fault("slow", seconds=3)
    sending.run_due()
    assert mail(mail_id).state is M.MAYBE_SENT


def test_refusal_of_one_address_leaves_the_other_alone(desk: Desk, catcher: Catcher) -> None:
    subject = uuid.uuid4()
    ana, ben = queue(desk, subject_id=subject), queue(desk, subject_id=subject, recipient="ben@shop.test")
    catcher.fault("refuse", recipient=ANA)
    assert sending.run_due() == 2
    assert (mail(ana).state, mail(ben).state) == (M.FAILED, M.SENT)
    assert mail(ana).answer == "550 5.1.1 <…> no such mailbox"
    assert [got["recipients"] for got in catcher.mails()] == [["ben@shop.test"]]


def test_a_server_that_is_down_is_tried_five_times_in_a_day_R42(desk: Desk) -> None:
    desk.use_mail_server(NO_MAIL_SERVER)
    mail_id, began = queue(desk), desk.clock.ahead
    for _ in range(400):
        sending.run_due()
        if mail(mail_id).state is not M.QUEUED:
            break
        desk.later(minutes=5)
    row = mail(mail_id)
    assert (row.state, row.result, row.tries) == (M.FAILED, "not_reached", 5)
    assert (row.answer or "").startswith("ConnectionRefusedError")
    assert timedelta(hours=23) < desk.clock.ahead - began < timedelta(hours=25)


def test_a_server_that_comes_back_gets_every_mail_once(desk: Desk, catcher: Catcher) -> None:
    """While it is down, one mail a minute asks for it; the others lose no try and hold nobody up."""
    ids = [queue(desk) for _ in range(5)]
    catcher.fault("down")
    assert sending.run_due() == 1
    assert sorted(mail(one).tries for one in ids) == [0, 0, 0, 0, 1]
    desk.later(seconds=30)
    assert sending.run_due() == 0
    catcher.well_again()
    desk.later(minutes=6)
    assert sending.run_due() == 5
    assert {mail(one).state for one in ids} == {M.SENT}
    assert len(catcher.mails()) == 5


def test_one_look_sends_only_so_many(desk: Desk, catcher: Catcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "MOST_AT_ONCE", 2)
    for _ in range(3):
        queue(desk)
    assert [sending.run_due(), sending.run_due(), sending.run_due()] == [2, 1, 0]


@pytest.mark.parametrize(
    ("nth", "state", "delivered"),
    [(1, M.QUEUED, 0), (2, M.MAYBE_SENT, 0), (3, M.MAYBE_SENT, 1), (4, M.SENT, 1)],
)
def test_K16_a_worker_that_dies_before_during_or_after_DATA_makes_no_second_copy(
    desk: Desk, catcher: Catcher, nth: int, state: MailState, delivered: int
) -> None:
    """Before DATA it stays queued and is sent later; during it, and until the result is written, it is maybe sent."""
    mail_id, seen = queue(desk), 0

    def die(point: KillPoint) -> None:
        nonlocal seen
        seen += point is KillPoint.MAILING
        if seen == nth:
            raise SystemExit("killed")

    kill_points.observe(die)
    try:
        with pytest.raises(SystemExit):
            sending.run_due()
    finally:
        kill_points.observe(None)
    assert sending.run_due() == 0, "the dead one still holds it"
    assert len(catcher.mails()) == delivered
    desk.later(minutes=4)
    sending.run_due()
    row = mail(mail_id)
    if state is M.QUEUED:
        assert (row.state, row.tries, len(catcher.mails())) == (M.SENT, 2, 1)
    else:
        assert (row.state, len(catcher.mails())) == (state, delivered)
    desk.later(days=3)
    assert sending.run_due() == 0


def test_a_mail_over_which_workers_die_ends_failed(desk: Desk, catcher: Catcher) -> None:
    mail_id = queue(desk)
    desk.change(Mail, mail_id, tries=MOST_TRIES)
    assert sending.run_due() == 0
    assert (mail(mail_id).state, mail(mail_id).result) == (M.FAILED, "no_more_tries")
    assert catcher.mails() == []


def test_what_wakes_after_its_lease_sends_nothing_and_writes_nothing_I11(desk: Desk, catcher: Catcher) -> None:
    """Frozen before DATA: another worker has sent it meanwhile."""
    mail_id, seen = queue(desk), 0

    def freeze(point: KillPoint) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            desk.later(minutes=4)
            assert sending.run_due() == 1

    kill_points.observe(freeze)
    try:
        sending.send(mail_id)
    finally:
        kill_points.observe(None)
    assert (mail(mail_id).state, mail(mail_id).fence, len(catcher.mails())) == (M.SENT, 2, 1)


def test_a_mail_stopped_while_a_worker_speaks_to_the_server_is_not_sent(desk: Desk, catcher: Catcher) -> None:
    mail_id = queue(desk)
    scope = keeping.Scope([desk.shop_id], mail(mail_id).mode)  # type: ignore[arg-type]

    def stop(point: KillPoint) -> None:
        kill_points.observe(None)
        keeping.stop(mail_id, scope, desk.actor)

    kill_points.observe(stop)
    assert sending.send(mail_id)
    assert (mail(mail_id).state, catcher.mails()) == (M.STOPPED, [])


def test_nothing_is_mailed_in_recovery_and_nothing_twice_after_it_R29_K20(desk: Desk, catcher: Catcher) -> None:
    queued, on_its_way, sent = queue(desk), queue(desk), queue(desk)
    sending.send(sent)
    desk.change(Mail, on_its_way, state=M.SENDING, lease_until=factories.LONG_AGO)
    recovery.enter(factories.LONG_AGO, desk.actor)
    assert [mail(one).state for one in (queued, on_its_way, sent)] == [M.MAYBE_SENT, M.MAYBE_SENT, M.SENT]
    fresh = queue(desk)
    assert not sending.send(fresh)
    assert sending.run_due() == 0
    desk.later(seconds=1)
    list(recovery.compare())
    recovery.leave(desk.actor)
    desk.later(days=1)
    assert sending.run_due() == 1
    assert [mail(one).state for one in (queued, on_its_way, fresh)] == [M.MAYBE_SENT, M.MAYBE_SENT, M.SENT]
    assert len(catcher.mails()) == 2


def test_recovery_that_begins_while_a_worker_speaks_stops_it_R29(desk: Desk, catcher: Catcher) -> None:
    mail_id = queue(desk)

    def restore(point: KillPoint) -> None:
        kill_points.observe(None)
        recovery.enter(factories.LONG_AGO, desk.actor)

    kill_points.observe(restore)
    sending.send(mail_id)
    assert (mail(mail_id).state, catcher.mails()) == (M.MAYBE_SENT, [])


def test_no_transaction_is_open_while_the_server_is_spoken_to_I4(
    desk: Desk, catcher: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ones: list[int] = []
    spoken = handing_over._spoken

    def watched(*arguments: object) -> object:
        open_ones.append(runtime.current().engine.pool.checkedout())  # type: ignore[attr-defined]
        return spoken(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(handing_over, "_spoken", watched)
    queue(desk)
    sending.run_due()
    assert open_ones == [0]


@pytest.mark.parametrize(
    "broken", [{"state": M.SENDING}, {"due_at": None}, {"body": None}, {"state": M.SENT, "due_at": None}]
)
def test_the_database_refuses_a_mail_without_what_its_state_needs(desk: Desk, broken: dict[str, object]) -> None:
    mail_id = queue(desk)
    with pytest.raises(IntegrityError):
        in_transaction(lambda tx: tx.query(Mail).filter(Mail.id == mail_id).update(broken))  # type: ignore[arg-type]
