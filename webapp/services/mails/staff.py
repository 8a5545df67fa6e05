"""Mails to staff about one thing: to the shop's addresses for failure mail, or to the owners where no shop is meant."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.models import Installation, MailKind, Mode, Shop
from webapp.services import people
from webapp.services.mails import queueing
from webapp.services.mails.letters import Letter, Text
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class Reader:
    """One address, and the language and time zone in which it is written to."""

    address: str
    language: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class About:
    """What the mails are about; `subject_id` tells this occurrence from every other. `since` is when it began, UTC."""

    kind: MailKind
    subject_id: uuid.UUID
    shop_id: uuid.UUID | None
    mode: Mode | None
    since: datetime


def tell(tx: Tx, about: About, write: Callable[[Reader], Text]) -> int:
    """Write the mails in the caller's transaction; answers how many there are. A second call changes nothing.

    What began before the backup from which the desk was restored may have been mailed already: such mails are kept
    as "maybe sent" (R29).
    """
    installation = tx.get(Installation, 1)
    taken_at = installation.backup_taken_at if installation else None
    readers = _readers(tx, about.shop_id)
    for reader in readers:
        letter = Letter(
            kind=about.kind,
            subject_id=about.subject_id,
            recipient=reader.address,
            shop_id=about.shop_id,
            mode=about.mode,
            language=reader.language,
            text=write(reader),
            doubtful=taken_at is not None and about.since <= taken_at,
        )
        queueing.add(tx, letter)
    return len(readers)


def _readers(tx: Tx, shop_id: uuid.UUID | None) -> Sequence[Reader]:
    """The shop's switch for failure mails and its addresses count, in its language; the owners read in their own."""
    if shop_id is None:
        return [Reader(owner.email, owner.language, owner.time_zone) for owner in people.owners(tx)]
    shop = tx.get_one(Shop, shop_id)
    if not shop.failure_mails_on:
        return []
    return [Reader(address, shop.language, shop.time_zone) for address in dict.fromkeys(shop.failure_emails)]
