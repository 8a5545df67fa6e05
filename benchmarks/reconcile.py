"""The reconcile job over many payments, beside the bare limit: the same reads with httpx alone, as many at once.

Every payment is read once; two of a hundred were refunded in the portal, so that something is booked and told. The
emulator is a process of its own. The bare limit asks it for the same payments in the same order and throws the answers
away. A second run by the clock has nothing to do.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
from sqlalchemy import func, select, update

from benchmarks import drain, rows
from benchmarks.filing import percentile
from benchmarks.setting import SECRET_KEY, Setting, setting
from benchmarks.watching import Writes, watched_writes
from providers.komoju.adapter import KomojuProvider
from tests import factories
from webapp import create_app
from webapp.models import JobRow, JobRun, Payment
from webapp.services import runtime
from webapp.services.audit import SYSTEM
from webapp.services.jobs import making, reconciling, running
from webapp.services.jobs.catalogue import RECONCILE
from webapp.services.unit_of_work import in_transaction, reading

MOVED_EACH = 50


@dataclass(frozen=True)
class Reconciled:
    """One measurement; times in seconds."""

    kind: str
    payments: int
    calls: int
    job_s: float
    bare_s: float
    writes: Writes
    told: int
    moved: int
    idle_s: float
    whole: bool

    def __str__(self) -> str:
        """A line for each part."""
        head = f"reconcile [{self.kind}]"
        rate, bare = self.payments / self.job_s, self.payments / self.bare_s
        p50, p99 = (percentile(self.writes.wall, percent) * 1000 for percent in (50, 99))
        return "\n".join(
            [
                f"{head}, {self.payments:,} payments: {self.calls:,} HTTP calls in {self.job_s:.1f} s = {rate:.0f}/s, "
                f"{rate / bare:.0%} of the bare limit ({bare:.0f}/s, {reconciling.READERS} at once)",
                f"{head}: {self.told:,} rows for {self.moved:,} refunds of the portal; write transactions: p50 "
                f"{p50:.0f} ms, p99 {p99:.0f} ms; books whole: {self.whole}; a run with nothing due: "
                f"{self.idle_s * 1000:.0f} ms",
            ]
        )


def measure(kind: str, payments: int = 10_000) -> Reconciled:
    """Make the payments, compare them, and read them bare."""
    with setting(kind) as made, create_app().app_context():
        factories.ensure_single_rows()
        try:
            return _measure(made, payments)
        finally:
            runtime.current().engine.dispose()


def _measure(made: Setting, payments: int) -> Reconciled:
    shop_id, account_id, _user = rows.shop_with_account()
    ids = rows.payments(made, payments, shop_id, account_id)
    refs = _refs(ids)
    moved = refs[::MOVED_EACH]
    for ref in moved:
        made.control("POST", f"komoju/payments/{ref}/portal", {"action": "refund", "amount_minor": 100})
    in_transaction(lambda tx: tx.execute(update(Payment).values(compare_at=factories.LONG_AGO)))
    bare_s = _bare(made, refs)
    with _Counted() as counted, watched_writes() as writes:
        job_s = _run(shop_id)
    idle_s = _run_by_clock(shop_id)
    with reading() as tx:
        told = tx.execute(select(func.count()).select_from(JobRow)).scalar_one()
    whole = drain.books_are_whole(made)
    return Reconciled(made.kind, payments, counted.calls, job_s, bare_s, writes, told, len(moved), idle_s, whole)


def _refs(ids: Sequence[uuid.UUID]) -> list[str]:
    with reading() as tx:
        return list(tx.scalars(select(Payment.provider_ref).order_by(Payment.id)))[: len(ids)]


def _run(shop_id: uuid.UUID) -> float:
    """Seconds for one whole run by hand, its rests between two stretches left out."""
    run_id, started = making.ask(SYSTEM, RECONCILE, shop_id, uuid.uuid4()), time.perf_counter()
    while running.run_job(run_id):
        with reading() as tx:
            if tx.get_one(JobRun, run_id).ended_at is not None:
                break
    return time.perf_counter() - started


def _run_by_clock(shop_id: uuid.UUID) -> float:
    run_id = making.ask(SYSTEM, RECONCILE, shop_id, uuid.uuid4())
    in_transaction(lambda tx: tx.execute(update(JobRun).where(JobRun.id == run_id).values(request_id=None)))
    started = time.perf_counter()
    running.run_job(run_id)
    return time.perf_counter() - started


def _bare(made: Setting, refs: Sequence[str]) -> float:
    limits = httpx.Limits(max_connections=reconciling.READERS)
    with (
        httpx.Client(auth=(SECRET_KEY, ""), limits=limits, trust_env=False, timeout=60) as client,
        ThreadPoolExecutor(reconciling.READERS) as threads,
    ):

        def read(ref: str) -> None:
            client.get(f"{made.emulator_url}/komoju/api/v1/payments/{ref}").raise_for_status().read()

        started = time.perf_counter()
        for _done in threads.map(read, refs):
            pass
        return time.perf_counter() - started


class _Counted:
    """Counts the reads that adapters make."""

    def __init__(self) -> None:
        self.calls = 0
        self._fetch = KomojuProvider.fetch_payment

    def __enter__(self) -> _Counted:
        fetch = self._fetch

        def counted(adapter: KomojuProvider, ref: str, authorised_minor: int | None = None) -> object:
            self.calls += 1
            return fetch(adapter, ref, authorised_minor)

        KomojuProvider.fetch_payment = counted  # type: ignore[method-assign,assignment]
        return self

    def __exit__(self, *_error: object) -> None:
        KomojuProvider.fetch_payment = self._fetch  # type: ignore[method-assign]
