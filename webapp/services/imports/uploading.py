"""Take a file in, piece by piece in short transactions: web and workers share the database, perhaps no disk."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from webapp.models import ImportChunk, ImportState, Mode, OrderImport
from webapp.services import audit, runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.imports.holding import TASK
from webapp.services.imports.reading import LARGEST_FILE
from webapp.services.kill_points import KillPoint, reached
from webapp.services.unit_of_work import Tx, in_transaction, reading

PIECE = 256 * 1024  # bytes; a transaction each, well under 50 ms (R21)
ABANDONED_AFTER = timedelta(hours=1)
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to take in. `id` was made with the form: the same form sent twice is one import.

    `by_workers` False leaves the work to the caller, who runs it at once; the sweep still finds it.
    """

    id: uuid.UUID
    actor: Actor
    shop_id: uuid.UUID
    mode: Mode
    file_name: str
    act: bool = False
    keep_good: bool = False
    by_workers: bool = True


def take_in(upload: Upload, file: IO[bytes]) -> bool:
    """Store the file and have it checked; False when this form was sent before, and nothing is stored.

    Raises RuleBroken `file_too_large` or `request_id_taken` (the id is somebody else's).
    """
    if not _begin(upload):
        return False
    digest, size = hashlib.sha256(), 0
    for number, piece in enumerate(_pieces(file)):
        size += len(piece)
        if size > LARGEST_FILE:
            _drop(upload.id)
            raise RuleBroken("file_too_large", most_mib=LARGEST_FILE // 2**20)
        digest.update(piece)
        row = {"import_id": upload.id, "number": number, "data": piece}
        in_transaction(lambda tx, row=row: tx.execute(insert(ImportChunk).values(row)))  # type: ignore[misc]
        reached(KillPoint.IMPORTING)

    def stored(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        ready = {"state": ImportState.CHECKING, "size": size, "digest": digest.hexdigest(), "due_at": now}
        mine = OrderImport.id == upload.id, OrderImport.state == ImportState.UPLOADING
        if tx.execute(update(OrderImport).where(*mine).values(**ready).returning(OrderImport.id)).first() is None:
            return  # discarded while it came in
        if upload.by_workers:
            wake_ups.add(tx, TASK, upload.id, queue=wake_ups.DEFAULT_QUEUE, not_before=now)
        details = {"digest": digest.hexdigest(), "size": size, "act": upload.act, "keep_good": upload.keep_good}
        subject = ("import", upload.id)
        audit.write(tx, upload.actor, "import.uploaded", subject, shop_id=upload.shop_id, details=details, at=now)

    in_transaction(stored)
    return True


def pieces_of(import_id: uuid.UUID) -> Iterator[bytes]:
    """The stored file, each piece read in a unit of work of its own."""
    number = 0
    while True:
        query = select(ImportChunk.data).where(ImportChunk.import_id == import_id, ImportChunk.number == number)
        with reading() as tx:
            piece = tx.execute(query).scalar_one_or_none()
        if piece is None:
            return
        yield piece
        number += 1


def _begin(upload: Upload) -> bool:
    def work(tx: Tx) -> bool:
        now = runtime.current().clock.now(tx)
        seen = tx.get(OrderImport, upload.id)
        if seen is not None:
            if (seen.shop_id, seen.created_by) != (upload.shop_id, upload.actor.user_id):
                raise RuleBroken("request_id_taken")
            return False
        tx.execute(insert(OrderImport).values(**_header(upload, now)))
        return True

    try:
        return in_transaction(work)
    except IntegrityError:  # the same form at the same moment
        return in_transaction(work)


def _header(upload: Upload, now: datetime) -> dict[str, object]:
    return {
        "id": upload.id,
        "shop_id": upload.shop_id,
        "mode": upload.mode,
        "created_by": upload.actor.user_id,
        "via": upload.actor.via,
        "file_name": "".join(sign for sign in upload.file_name if sign.isprintable())[:LONGEST_NAME],
        "state": ImportState.UPLOADING,
        "act": upload.act,
        "keep_good": upload.keep_good,
        "plan": {},
        "created_at": now,
        "due_at": now + ABANDONED_AFTER,
    }


def _pieces(file: IO[bytes]) -> Iterable[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _drop(import_id: uuid.UUID) -> None:
    """Leave it to the sweep: it takes the pieces away."""

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        tx.execute(update(OrderImport).where(OrderImport.id == import_id).values(due_at=now))

    in_transaction(work)
