"""The list of mails, what people may do to one, and how long texts are kept."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update

from webapp.domain.mails import FOR_PEOPLE, UNDER_WAY, MailState
from webapp.models import Mail, Mode
from webapp.services import audit, runtime
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.mails import queueing
from webapp.services.mails.letters import Letter, Text
from webapp.services.unit_of_work import Tx, in_transaction

BODY_KEPT = timedelta(days=90)
OF_LATE = timedelta(days=7)
PAGE = 50
_WAIT_FOR_PEOPLE = (Mail.state.in_(FOR_PEOPLE), Mail.next_id.is_(None))


@dataclass(frozen=True, slots=True)
class Scope:
    """Which mails somebody sees: those of some shops, and those of no shop when `with_shopless`."""

    shops: Collection[uuid.UUID]
    mode: Mode
    with_shopless: bool = False

    @property
    def condition(self) -> ColumnElement[bool]:
        """As a condition on Mail."""
        of_shops = Mail.shop_id.in_(self.shops)
        mine = or_(of_shops, Mail.shop_id.is_(None)) if self.with_shopless else of_shops
        return and_(mine, or_(Mail.mode == self.mode, Mail.mode.is_(None)))


@dataclass(frozen=True, slots=True)
class MailFilter:
    """What to show. `for_people`: what failed or was maybe sent, and nobody has sent again. `before` is the last row
    of the page before."""

    state: MailState | None = None
    for_people: bool = False
    shop_id: uuid.UUID | None = None
    before: tuple[datetime, uuid.UUID] | None = None


def mails(tx: Tx, scope: Scope, wanted: MailFilter) -> tuple[Sequence[Mail], bool]:
    """One page of mails, newest first, and whether there are older ones."""
    query = select(Mail).where(scope.condition)
    if wanted.state is not None:
        query = query.where(Mail.state == wanted.state)
    if wanted.for_people:
        query = query.where(*_WAIT_FOR_PEOPLE)
    if wanted.shop_id is not None:
        query = query.where(Mail.shop_id == wanted.shop_id)
    if wanted.before is not None:
        query = query.where(tuple_(Mail.created_at, Mail.id) < tuple_(*wanted.before))
    rows = tx.scalars(query.order_by(Mail.created_at.desc(), Mail.id.desc()).limit(PAGE + 1)).all()
    return rows[:PAGE], len(rows) > PAGE


def get_mail(tx: Tx, mail_id: uuid.UUID, scope: Scope) -> Mail:
    """One mail. NotFound outside of the scope."""
    mail = tx.scalars(select(Mail).where(Mail.id == mail_id, scope.condition)).one_or_none()
    if mail is None:
        raise NotFound(f"mail {mail_id}")
    return mail


def waiting_for_people(tx: Tx, scope: Scope, now: datetime) -> int:
    """How many mails of the last seven days were refused or may not have arrived, and were not sent again."""
    count = (
        select(func.count())
        .select_from(Mail)
        .where(scope.condition, *_WAIT_FOR_PEOPLE, Mail.created_at > now - OF_LATE)
    )
    return tx.execute(count).scalar_one()


def stop(mail_id: uuid.UUID, scope: Scope, actor: Actor) -> None:
    """Keep a queued mail from being sent. Raises NotFound, or RuleBroken `mail_too_late`.

    A worker that is about to send it finds its fence gone and does not.
    """

    def work(tx: Tx) -> None:
        mail = _locked(tx, mail_id, scope)
        if mail.state is not MailState.QUEUED:
            raise RuleBroken("mail_too_late")
        now = runtime.current().clock.now(tx)
        mail.state, mail.fence, mail.ended_at = MailState.STOPPED, mail.fence + 1, now
        mail.due_at = mail.lease_until = None
        tx.flush()
        _note(tx, actor, "mail.stopped", mail, now)

    in_transaction(work)


def send_again(mail_id: uuid.UUID, scope: Scope, actor: Actor) -> uuid.UUID:
    """Have the stored text sent once more as the next version (R42); answers the new mail's id.

    Raises NotFound, or RuleBroken `mail_not_again` (its state), `gone` (done already) or `mail_text_gone`.
    """

    def work(tx: Tx) -> uuid.UUID:
        mail = _locked(tx, mail_id, scope)
        if mail.state not in FOR_PEOPLE:
            raise RuleBroken("mail_not_again")
        if mail.next_id is not None:
            raise RuleBroken("gone")
        if mail.body is None:
            raise RuleBroken("mail_text_gone")
        letter = Letter(
            kind=mail.kind,
            subject_id=mail.subject_id,
            recipient=mail.recipient,
            shop_id=mail.shop_id,
            mode=mail.mode,
            language=mail.language,
            text=Text(mail.subject, mail.body),
            version=mail.version + 1,
        )
        mail.next_id = queueing.add(tx, letter)
        tx.flush()
        _note(tx, actor, "mail.again", mail, runtime.current().clock.now(tx))
        return mail.next_id

    return in_transaction(work)


def after_restore(tx: Tx, now: datetime) -> int:
    """What the backup shows as not sent may have been sent since (R29); answers how many rows that are."""
    changed = tx.execute(
        update(Mail)
        .where(Mail.state.in_(UNDER_WAY))
        .values(
            state=MailState.MAYBE_SENT,
            fence=Mail.fence + 1,
            due_at=None,
            lease_until=None,
            ended_at=now,
            result="restored",
        )
        .execution_options(synchronize_session=False)
        .returning(Mail.id)
    ).all()
    return len(changed)


def forget_old(tx: Tx, now: datetime) -> None:
    """Drop the texts of mails that ended, 90 days after they were written."""
    old = Mail.created_at < now - BODY_KEPT, Mail.body.is_not(None), Mail.state.not_in(UNDER_WAY)
    tx.execute(update(Mail).where(*old).values(body=None).execution_options(synchronize_session=False))


def _locked(tx: Tx, mail_id: uuid.UUID, scope: Scope) -> Mail:
    query = select(Mail).where(Mail.id == mail_id, scope.condition).with_for_update()
    mail = tx.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if mail is None:
        raise NotFound(f"mail {mail_id}")
    return mail


def _note(tx: Tx, actor: Actor, action: str, mail: Mail, now: datetime) -> None:
    details = {"recipient": audit.personal(mail.recipient), "version": mail.version}
    audit.write(tx, actor, action, ("mail", mail.id), shop_id=mail.shop_id, details=details, at=now)
