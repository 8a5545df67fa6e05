"""“Compare now”: a person has some payments read at once, outside of any run."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from webapp.services import runtime
from webapp.services.cases import comparing, reading
from webapp.services.cases.reading import Read, Unread
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.unit_of_work import reading as looking


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: how many payments were compared, and why some could not be read."""

    compared: int
    unread: Sequence[Unread]


def compare(shop_id: uuid.UUID, payment_ids: Sequence[uuid.UUID]) -> Answer:
    """Read these payments of the shop one after the other and settle their cases.

    Stops at the first that cannot be read: the others would wait for the same. Call it outside of every transaction.
    """
    with looking() as tx:
        wanted = reading.these(tx, shop_id, payment_ids)
    compared = 0
    for each in wanted:
        with looking() as tx:
            began_at = runtime.current().clock.now(tx)
        read = reading.read(each, began_at)
        if read.unread is not None:
            return Answer(compared, [read.unread])
        in_transaction(partial(_take_in, read=read))
        compared += 1
    return Answer(compared, [])


def _take_in(tx: Tx, read: Read) -> None:
    comparing.take_in(tx, read)
