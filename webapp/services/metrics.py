"""What an operator's monitoring wants to know, read from the database at the moment it is asked.

Every query here stands on an index and looks only at what is open or recent, so that a scrape stays cheap however
large the books grow. Labels are codes of ours from short lists; nothing here names a person, an order or a payment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from webapp.domain.cases import CaseState
from webapp.domain.operations import NOT_TERMINAL, OperationState
from webapp.models import (
    Attempt,
    Case,
    Installation,
    JobRun,
    KillSwitch,
    Operation,
    Payment,
    ProviderAccount,
    Schedule,
    Shop,
    WakeUp,
    WebhookMessage,
)
from webapp.services import runtime, verify
from webapp.services.alerts import keeping
from webapp.services.jobs import listing
from webapp.services.unit_of_work import Tx, reading

LATELY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure: its name without prefix, what it says, the names of its labels, and a value for each set of them."""

    name: str
    help: str
    labels: tuple[str, ...]
    values: Sequence[tuple[tuple[str, ...], float]]


def gauges() -> Sequence[Gauge]:
    """Every figure of the database, all of one moment."""
    with reading() as tx:
        now = runtime.current().clock.now(tx)
        return [gauge for read in _READERS for gauge in read(tx, now)]


def _operations(tx: Tx, now: datetime) -> Iterator[Gauge]:
    """Shop by shop and state by state, because that is the order of the index."""
    shops = tx.execute(select(Shop.id, Shop.code).order_by(Shop.code)).all()
    counts: list[tuple[tuple[str, ...], float]] = []
    for shop_id, code in shops:
        here = and_(Operation.shop_id == shop_id, Operation.state.in_(NOT_TERMINAL))
        rows = tx.execute(select(Operation.state, func.count()).where(here).group_by(Operation.state))
        found = {state: count for state, count in rows}  # noqa: C416 - dict() does not see that a row is a pair
        counts += [((code, state.value), found.get(state, 0)) for state in sorted(NOT_TERMINAL)]
    yield Gauge("operations", "Operations that have not ended.", ("shop", "state"), counts)
    in_shops = Operation.shop_id.in_([shop.id for shop in shops])
    unknown = select(func.min(func.coalesce(Operation.doubt_since, Operation.state_since)))
    oldest = unknown.where(in_shops, Operation.state == OperationState.UNKNOWN)
    yield _age("oldest_unknown_seconds", "How long the oldest unknown result has been in doubt.", tx, oldest, now)
    free = or_(Operation.lease_until.is_(None), Operation.lease_until < now)
    due = select(func.min(Operation.due_at)).where(Operation.due_at <= now, free)
    yield _age("due_lag_seconds", "How long the operation due longest has waited for a worker.", tx, due, now)


def _payments_and_accounts(tx: Tx, _now: datetime) -> Iterator[Gauge]:
    frozen = select(func.count()).select_from(Payment).where(Payment.frozen_at.is_not(None))
    yield _count("frozen_payments", "Payments on which nothing more is sent until people looked.", tx, frozen)
    cases = select(func.count()).select_from(Case).where(Case.state == CaseState.OPEN)
    yield _count("open_cases", "Differences between our books and the providers that nobody has settled.", tx, cases)
    state = select(
        Shop.code, ProviderAccount.provider, ProviderAccount.mode, func.count(ProviderAccount.breaker_opened_at)
    )
    rows = tx.execute(
        state.join(Shop, Shop.id == ProviderAccount.shop_id)
        .group_by(Shop.code, ProviderAccount.provider, ProviderAccount.mode)
        .order_by(Shop.code, ProviderAccount.provider, ProviderAccount.mode)
    )
    opened = [((code, provider, mode.value), count) for code, provider, mode, count in rows]
    yield Gauge("open_breakers", "Accounts to which sending is stopped.", ("shop", "provider", "mode"), opened)


def _stops(tx: Tx, now: datetime) -> Iterator[Gauge]:
    switches = select(func.count()).select_from(KillSwitch)
    yield _count("kill_switches", "Kill switches that are thrown.", tx, switches)
    installation = tx.get_one(Installation, 1)
    yield _one(
        "recovery_mode", "1 while a restored backup keeps sends closed.", installation.recovery_since is not None
    )
    paused = installation.sends_paused_until
    yield _one("sends_paused", "1 while sends rest after a jump of the clock.", paused is not None and paused > now)


def _outbox(tx: Tx, now: datetime) -> Iterator[Gauge]:
    waiting = and_(WakeUp.published_at.is_(None), WakeUp.not_before <= now)
    yield _count("outbox_rows", "Wake-ups that the scheduler has to publish.", tx, _counting(WakeUp, waiting))
    oldest = select(func.min(WakeUp.not_before)).where(waiting)
    yield _age("outbox_lag_seconds", "How long the oldest of them has waited.", tx, oldest, now)


def _webhooks(tx: Tx, now: datetime) -> Iterator[Gauge]:
    due = WebhookMessage.due_at <= now
    yield _count("webhook_messages_due", "Messages that wait for a worker.", tx, _counting(WebhookMessage, due))
    lately = WebhookMessage.received_at > now - LATELY
    rows = tx.execute(
        select(ProviderAccount.provider, WebhookMessage.state, func.count())
        .join(ProviderAccount, ProviderAccount.id == WebhookMessage.account_id)
        .where(lately)
        .group_by(ProviderAccount.provider, WebhookMessage.state)
    )
    counts = [((provider, state.value), count) for provider, state, count in rows]
    text = "Messages of the last 10 minutes; refused: the signature did not fit."
    yield Gauge("webhook_messages_10m", text, ("provider", "state"), counts)


def _calls(tx: Tx, now: datetime) -> Iterator[Gauge]:
    """`none` is an attempt that has not come back, or whose worker died."""
    rows = tx.execute(
        select(ProviderAccount.provider, Operation.kind, Attempt.outcome, func.count())
        .join(Operation, Operation.id == Attempt.operation_id)
        .join(ProviderAccount, ProviderAccount.id == Operation.account_id)
        .where(Attempt.started_at > now - LATELY)
        .group_by(ProviderAccount.provider, Operation.kind, Attempt.outcome)
    )
    counts = [((provider, kind.value, outcome.value if outcome else "none"), n) for provider, kind, outcome, n in rows]
    text = "Calls of the last 10 minutes that move money, by the answer's class."
    yield Gauge("provider_calls_10m", text, ("provider", "kind", "outcome"), counts)


def _jobs(tx: Tx, now: datetime) -> Iterator[Gauge]:
    jobs = tx.scalars(select(Schedule.job).where(Schedule.enabled).distinct().order_by(Schedule.job)).all()
    ages: list[tuple[tuple[str, ...], float]] = []
    for job in jobs:
        newest = select(JobRun.ended_at).where(JobRun.job == job, JobRun.ended_at.is_not(None))
        ended = tx.execute(newest.order_by(JobRun.due_at.desc()).limit(1)).scalar_one_or_none()
        if ended is not None:
            ages.append(((job,), _seconds(ended, now)))
    yield Gauge("job_last_end_age_seconds", "How long ago a run of the job last ended.", ("job",), ages)
    late = select(func.min(Schedule.next_due_at)).where(Schedule.enabled)
    yield _age("schedule_lag_seconds", "How long the schedule due longest has waited for a scheduler.", tx, late, now)
    said = listing.last_words(tx, "verify")
    if said is not None:
        yield _one("books_whole", "1 when the verifier's last run found nothing wrong.", said.words == verify.WHOLE)


def _alerts(tx: Tx, _now: datetime) -> Iterator[Gauge]:
    """What the scheduler has found: it stays as it is while no scheduler runs."""
    counts = [((kind.value,), float(count)) for kind, count in keeping.count_all_open(tx).items()]
    yield Gauge("alerts", "Alerts that are open, each in one mode of one shop or of the whole desk.", ("kind",), counts)


_READERS: tuple[Callable[[Tx, datetime], Iterator[Gauge]], ...] = (
    _operations,
    _payments_and_accounts,
    _stops,
    _outbox,
    _webhooks,
    _calls,
    _jobs,
    _alerts,
)


def _counting(model: Any, condition: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(model).where(condition)


def _count(name: str, text: str, tx: Tx, query: Select[int]) -> Gauge:
    return _one(name, text, tx.execute(query).scalar_one())


def _age(name: str, text: str, tx: Tx, query: Select[Any], now: datetime) -> Gauge:
    """Seconds since the moment that `query` finds; 0 when it finds none or one to come."""
    moment = tx.execute(query).scalar_one_or_none()
    return _one(name, text, 0.0 if moment is None else _seconds(moment, now))


def _seconds(moment: datetime, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds())


def _one(name: str, text: str, value: float) -> Gauge:
    return Gauge(name, text, (), [((), float(value))])
