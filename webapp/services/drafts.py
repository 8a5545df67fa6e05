"""Answers to a money form between form and check page: kept sealed, read only by who typed them, gone after a day."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from providers.planning import WishKind
from webapp.models import Draft
from webapp.services import runtime
from webapp.services.errors import RuleBroken
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import VaultError, draft_place

log = structlog.get_logger()
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose answers, to which form: all of it must fit before a draft is read."""

    request_id: uuid.UUID
    user_id: uuid.UUID
    payment_id: uuid.UUID
    kind: WishKind


def keep(place: Place, answers: Mapping[str, str]) -> None:
    """Keep the answers; they take the place of earlier ones of the same rendered form.

    RuleBroken `request_id_taken` when the form's id is somebody else's.
    """
    sealed = runtime.current().vault.seal(json.dumps(dict(answers)), draft_place(place.request_id))

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        tx.execute(delete(Draft).where(Draft.id == place.request_id, Draft.user_id == place.user_id))
        tx.execute(
            insert(Draft).values(
                id=place.request_id,
                user_id=place.user_id,
                payment_id=place.payment_id,
                kind=place.kind,
                answers=sealed,
                created_at=now,
            )
        )

    try:
        in_transaction(work)
    except IntegrityError as refusal:
        raise RuleBroken("request_id_taken") from refusal


def find(tx: Tx, place: Place) -> Mapping[str, str] | None:
    """The kept answers; None when there are none, they are somebody else's, or no key opens them any more."""
    sealed = tx.scalar(
        select(Draft.answers).where(
            Draft.id == place.request_id,
            Draft.user_id == place.user_id,
            Draft.payment_id == place.payment_id,
            Draft.kind == place.kind,
        )
    )
    if sealed is None:
        return None
    try:
        answers: dict[str, str] = json.loads(runtime.current().vault.open(sealed, draft_place(place.request_id)))
    except VaultError:
        log.warning("draft_unreadable")
        return None
    return answers


def forget(request_id: uuid.UUID) -> None:
    """Drop a draft whose wish is filed."""
    in_transaction(lambda tx: tx.execute(delete(Draft).where(Draft.id == request_id)))


def forget_old(tx: Tx, now: datetime) -> None:
    """Drop what was typed a day ago and never sent."""
    tx.execute(delete(Draft).where(Draft.created_at < now - KEPT))
