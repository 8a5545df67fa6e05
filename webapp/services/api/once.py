"""A request with an `Idempotency-Key` is carried out once, and sent again it gets the same answer (R15).

The request is noted as running in a transaction of its own; its deed and its answer are one transaction. Whoever dies
in between leaves a row that runs until its time is over: then the same request takes it over. Whoever was only slow
finds that the fence has moved on, and nothing of what it did is kept.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from webapp.models import ApiAnswer
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.errors import RuleBroken
from webapp.services.kill_points import KillPoint, reached
from webapp.services.unit_of_work import Tx, in_transaction

RUNS_AT_MOST = timedelta(seconds=60)
KEPT = timedelta(days=30)
AT_ONCE = 500  # rows that one transaction drops (R21)


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a client. `route` names the call and not its address; the digest is of address and body."""

    key_id: uuid.UUID
    shop_id: uuid.UUID
    route: str
    client_key: str
    digest: str

    @property
    def wish_id(self) -> uuid.UUID:
        """The `request_id` of what it files: for ever the same, also when the stored answer is long gone."""
        return uuid.uuid5(self.key_id, f"{self.shop_id}:{self.route}:{self.client_key}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets."""

    status: int
    body: str
    location: str | None = None


@dataclass(frozen=True, slots=True)
class _Turn:
    """The right to carry the request out, until somebody takes it over."""

    row_id: uuid.UUID
    fence: int


class StillRunning(Exception):
    """The same request is being carried out; ask again in `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s


def digest_of(*parts: bytes) -> str:
    """What tells two requests under one key apart."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def carry_out(request: Request, deed: Callable[[Tx], Answer]) -> tuple[Answer, bool]:
    """The answer of `deed`, or the stored one of an earlier request; true when it is the stored one.

    `deed` runs in the transaction that stores its answer; what it raises is not stored, and the same request may then
    be sent again. Raises StillRunning, RuleBroken `key_reused` for another request under the same key.
    """
    try:
        begun = in_transaction(lambda tx: _begin(tx, request))
    except IntegrityError:  # both were first; the row of the quicker one is there now
        begun = in_transaction(lambda tx: _begin(tx, request))
    if isinstance(begun, Answer):
        return begun, True
    try:
        answer = in_transaction(lambda tx: _end(tx, begun, deed(tx)))
    except Exception:
        in_transaction(lambda tx: _let_go(tx, begun))
        raise
    reached(KillPoint.AFTER_CREATE_COMMIT)
    return answer, False


def _begin(tx: Tx, request: Request) -> Answer | _Turn:
    now = runtime.current().clock.now(tx)
    row = _find(tx, request)
    if row is None:
        return _insert(tx, request, now)
    if row.digest != request.digest:
        raise RuleBroken("key_reused")
    if row.status is not None:
        return Answer(row.status, row.body or "", row.location)
    if row.running_until > now:
        raise StillRunning(max(1, round((row.running_until - now).total_seconds())))
    row.fence += 1
    row.running_until = now + RUNS_AT_MOST
    tx.flush()
    return _Turn(row.id, row.fence)


def _find(tx: Tx, request: Request) -> ApiAnswer | None:
    query = select(ApiAnswer).where(
        ApiAnswer.key_id == request.key_id,
        ApiAnswer.shop_id == request.shop_id,
        ApiAnswer.route == request.route,
        ApiAnswer.client_key == request.client_key,
    )
    return tx.scalars(query.with_for_update()).one_or_none()


def _insert(tx: Tx, request: Request, now: datetime) -> _Turn:
    row_id = new_id()
    values = {
        "id": row_id,
        "key_id": request.key_id,
        "shop_id": request.shop_id,
        "route": request.route,
        "client_key": request.client_key,
        "digest": request.digest,
        "fence": 1,
        "running_until": now + RUNS_AT_MOST,
        "created_at": now,
    }
    tx.execute(insert(ApiAnswer).values(values))
    return _Turn(row_id, 1)


def _end(tx: Tx, turn: _Turn, answer: Answer) -> Answer:
    ended = tx.scalar(
        update(ApiAnswer)
        .where(ApiAnswer.id == turn.row_id, ApiAnswer.fence == turn.fence, ApiAnswer.status.is_(None))
        .values(status=answer.status, body=answer.body, location=answer.location)
        .returning(ApiAnswer.id)
    )
    if ended is None:
        raise StillRunning(1)  # taken over meanwhile: nothing of this transaction is kept
    return answer


def _let_go(tx: Tx, turn: _Turn) -> None:
    """Nothing was done, so the same request may come again at once."""
    mine = ApiAnswer.id == turn.row_id, ApiAnswer.fence == turn.fence, ApiAnswer.status.is_(None)
    tx.execute(delete(ApiAnswer).where(*mine).execution_options(synchronize_session=False))


def forget_old() -> int:
    """Drop answers of more than thirty days, a few hundred in each transaction; answers how many."""

    def step(tx: Tx) -> int:
        before = runtime.current().clock.now(tx) - KEPT
        old = select(ApiAnswer.id).where(ApiAnswer.created_at < before).limit(AT_ONCE)
        return len(tx.execute(delete(ApiAnswer).where(ApiAnswer.id.in_(old)).returning(ApiAnswer.id)).all())

    dropped = 0
    while step_dropped := in_transaction(step):
        dropped += step_dropped
    return dropped
