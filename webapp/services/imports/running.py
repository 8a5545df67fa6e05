"""What a worker does with an import: claim it, move it on for a slice of time, leave a word for the rest."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

import structlog

from webapp.models import ImportState
from webapp.models.order_import import BUSY
from webapp.services import runtime
from webapp.services.imports.applying import take_back, write_new
from webapp.services.imports.cleaning import clean
from webapp.services.imports.finishing import finish
from webapp.services.imports.holding import Held, KeepOn, claim, keep, let_go
from webapp.services.imports.payments import next_due, read_payments
from webapp.services.imports.staging import stage
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations.leases import LeaseLost
from webapp.services.unit_of_work import Tx, in_transaction

log = structlog.get_logger()
SLICE_S = 20.0
S = ImportState


def run(import_id: uuid.UUID | None = None, *, seconds: float = SLICE_S, without: Collection[S] = ()) -> bool:
    """Move one import on; False when none was due or somebody else has it.

    `without`: states in which it is left to others.
    """
    held = in_transaction(lambda tx: claim(tx, import_id))
    if held is None:
        if import_id is not None:
            clean(import_id)  # the word of one that was discarded
        return False
    reached(KillPoint.IMPORTING)
    until = time.monotonic() + seconds
    try:
        held = _moved_on(held, lambda: time.monotonic() < until, without)
        due_at = next_due(held) if held.state is S.READING else None
        in_transaction(lambda tx: _let_go(tx, held, due_at))
    except LeaseLost:
        log.warning("import_taken_over", import_id=str(held.id))
    return True


def run_due() -> int:
    """Move on whatever is due for one slice of time, for the poll; answers how many imports got a turn."""
    done, until = 0, time.monotonic() + SLICE_S
    while time.monotonic() < until and run(seconds=until - time.monotonic()):
        done += 1
    return done


def _moved_on(held: Held, keep_on: KeepOn, without: Collection[S]) -> Held:
    while held.state in BUSY and held.state not in without:
        state = _STEPS[held.state](held, keep_on)
        if state is None:
            break
        held = replace(held, state=state)
    return held


def _let_go(tx: Tx, held: Held, due_at: datetime | None) -> None:
    now = runtime.current().clock.now(tx)
    let_go(tx, held, max(due_at or now, now) if held.state in BUSY else None)


def _abandon(held: Held, _keep_on: KeepOn) -> S:
    """The upload broke off or was too large."""

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        keep(tx, held, state=S.DISCARDED, ended_at=now)

    in_transaction(work)
    clean(held.id)
    return S.DISCARDED


_STEPS: Mapping[S, Callable[[Held, KeepOn], S | None]] = MappingProxyType(
    {
        S.UPLOADING: _abandon,
        S.CHECKING: stage,
        S.APPLYING: write_new,
        S.TAKING_BACK: take_back,
        S.FINISHING: finish,
        S.READING: read_payments,
    }
)
