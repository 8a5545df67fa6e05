"""What people may do to a mail, what they see, and how long texts are kept."""

from __future__ import annotations

import uuid

import pytest

from tests import factories
from tests.desk import Desk
from tests.mail_catcher import Catcher
from tests.webapp.services.mails.letters import all_mails, mail, queue
from webapp.domain.mails import MailState
from webapp.models import Mail, Mode
from webapp.services import runtime
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.mails import keeping, sending
from webapp.services.mails.keeping import MailFilter, Scope
from webapp.services.unit_of_work import in_transaction, reading

M = MailState


def scope(desk: Desk, mode: Mode = Mode.TEST, *, with_shopless: bool = False) -> Scope:
    return Scope([desk.shop_id], mode, with_shopless)


def ended(desk: Desk, state: MailState, **fields: object) -> uuid.UUID:
    """A mail in one of its last states."""
    mail_id = queue(desk)
    desk.change(Mail, mail_id, state=state, due_at=None, ended_at=factories.LONG_AGO, **fields)
    return mail_id


def shown(scope: Scope, **wanted: object) -> list[uuid.UUID]:
    with reading() as tx:
        return [row.id for row in keeping.mails(tx, scope, MailFilter(**wanted))[0]]  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [M.FAILED, M.MAYBE_SENT])
def test_a_person_has_it_sent_again_as_the_next_version_once_R42(
    desk: Desk, catcher: Catcher, state: MailState
) -> None:
    first = ended(desk, state)
    second = keeping.send_again(first, scope(desk), desk.actor)
    with pytest.raises(RuleBroken, match="gone"):
        keeping.send_again(first, scope(desk), desk.actor)
    assert sending.run_due() == 1
    old, new = mail(first), mail(second)
    assert (old.state, old.next_id, new.state, new.version) == (state, second, M.SENT, 2)
    assert (new.subject, new.body, new.message_id != old.message_id) == (old.subject, old.body, True)
    assert len(catcher.mails()) == 1
    desk.assert_books_are_whole()


@pytest.mark.parametrize("state", [M.SENT, M.STOPPED])
def test_other_mails_are_not_sent_again(desk: Desk, state: MailState) -> None:
    mail_id = ended(desk, state, sent_at=factories.LONG_AGO)
    with pytest.raises(RuleBroken, match="mail_not_again"):
        keeping.send_again(mail_id, scope(desk), desk.actor)
    with pytest.raises(RuleBroken, match="mail_too_late"):
        keeping.stop(mail_id, scope(desk), desk.actor)


def test_a_queued_mail_can_be_stopped(desk: Desk, catcher: Catcher) -> None:
    mail_id = queue(desk)
    keeping.stop(mail_id, scope(desk), desk.actor)
    assert mail(mail_id).state is M.STOPPED
    desk.later(days=1)
    assert sending.run_due() == 0
    assert catcher.mails() == []


def test_mails_of_other_shops_or_the_other_mode_are_not_there_I18(desk: Desk) -> None:
    mine, of_none = queue(desk), queue(desk, shop_id=None, mode=None)
    queue(desk, shop_id=factories.shop("print").id)
    assert shown(scope(desk)) == [mine]
    assert shown(scope(desk, Mode.LIVE)) == []
    assert set(shown(scope(desk, with_shopless=True))) == {mine, of_none}
    for foreign in (Scope([], Mode.TEST), scope(desk, Mode.LIVE)):
        with pytest.raises(NotFound):
            keeping.stop(mine, foreign, desk.actor)
        with pytest.raises(NotFound), reading() as tx:
            keeping.get_mail(tx, mine, foreign)


def test_filters_and_what_waits_for_people(desk: Desk) -> None:
    failed, maybe, queued = ended(desk, M.FAILED), ended(desk, M.MAYBE_SENT), queue(desk)
    assert shown(scope(desk), state=M.QUEUED) == [queued]
    assert set(shown(scope(desk), for_people=True)) == {failed, maybe}
    assert shown(scope(desk), shop_id=uuid.uuid4()) == []

    def waiting() -> int:
        with reading() as tx:
            now = runtime.current().clock.now(tx)
            return keeping.waiting_for_people(tx, Scope([desk.shop_id], Mode.TEST), now)

    assert waiting() == 2
    keeping.send_again(failed, scope(desk), desk.actor)
    assert waiting() == 1
    desk.later(days=8)
    assert waiting() == 0


def test_texts_of_mails_that_ended_go_after_ninety_days(desk: Desk) -> None:
    gone, kept = ended(desk, M.FAILED), queue(desk)

    def later(days: int) -> None:
        desk.later(days=days)
        in_transaction(lambda tx: keeping.forget_old(tx, runtime.current().clock.now(tx)))

    later(89)
    assert all(row.body for row in all_mails())
    later(2)
    assert (mail(gone).body, mail(kept).body is not None) == (None, True)
    with pytest.raises(RuleBroken, match="mail_text_gone"):
        keeping.send_again(gone, scope(desk), desk.actor)
