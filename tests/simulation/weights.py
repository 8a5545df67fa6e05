"""What one history is like: drawn from its seed, so that some are calm and some are a storm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from providers.emulator.faults import WEBHOOK
from providers.kinds import ResolutionClass
from providers.sandbox.troubles import Trouble
from tests.simulation.post_office import MailTrouble

COMMON_WRITES = (
    Trouble.NOT_REACHED,
    Trouble.TIMEOUT_BEFORE,
    Trouble.TIMEOUT_AFTER,
    Trouble.LATE_EFFECT,
    Trouble.ERROR_BEFORE,
    Trouble.ERROR_AFTER,
    Trouble.RUNNING,
    Trouble.REFUSE_REPEAT,
    Trouble.RATE_LIMITED,
    Trouble.CUT_BODY,
)
RARE_WRITES = (
    Trouble.ERROR_STORED,
    Trouble.ERROR_AFTER_STORED,
    Trouble.UNAUTHORISED,
    Trouble.WRONG_AMOUNT,
    Trouble.WRONG_ANSWER,
)
READS = (Trouble.NOT_REACHED, Trouble.TIMEOUT_BEFORE, Trouble.ERROR_BEFORE)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Counts, chances (0 to 1) and seconds of one history."""

    resolution: ResolutionClass = ResolutionClass.KEY_AND_LOOK_UP
    workers: int = 2
    payments: int = 2
    wishes: int = 4
    busy_s: float = 900.0  # how long faults and wishes go on
    kill: float = 0.0  # per point of the crash matrix
    most_kills: int = 8
    freeze: float = 0.0  # per point outside a transaction
    freeze_only: str = ""  # the one point at which to freeze; empty: all
    most_wire_freeze_s: float = 500.0  # R27: with the latest arrival it stays below the settle window
    latest_arrival_s: float = 300.0
    key_window_s: int = 24 * 3600  # the provider's
    key_trust_s: int = 23 * 3600  # what the desk trusts of it (R13)
    writes: Mapping[Trouble, float] = field(default_factory=dict)
    reads: Mapping[Trouble, float] = field(default_factory=dict)
    portal: int = 0  # movements made outside
    reconciliations: int = 2
    double_submit: float = 0.3
    stop: float = 0.1
    ask: float = 0.3
    word_lost: float = 0.2  # per word in Redis
    disk_full: float = 0.0  # per result written
    jumps: int = 0  # of the host's clock
    restore: bool = False
    whole_rest: float = 0.15
    other_kinds: float = 0.2  # payments that are only authorised, or refunded by request
    webhooks: Mapping[str, float] | None = None  # what goes wrong with messages; None: the bank sends none
    forgeries: int = 0
    stray: bool = False  # a payment of which only messages tell
    jobs: bool = False  # the cancel and refund jobs run, and orders are cancelled
    status_actions: bool = False  # the shop has its two tables, and people give orders other statuses
    reconcile: bool = False  # the desk compares its books with the bank's by itself (R28)
    job_every_s: int = 300
    status_changes: int = 2
    by_file: float = 0.3  # per change of status, where there are status actions: it came with an import
    hand_runs: int = 1
    schedulers: int = 1
    mails: Mapping[MailTrouble, float] | None = None  # what goes wrong with a mail; None: nobody is mailed
    addresses: int = 1  # that want failure mails
    by_sums: bool = False  # C2: the bank shows sums, takes totals to reach, and hands out tasks
    clerks: int = 1  # workers of the default queue, where it has work

    @property
    def has_desk_work(self) -> bool:
        """Whether anything comes to the default queue."""
        return self.webhooks is not None or self.has_runs or self.mails is not None

    @property
    def has_runs(self) -> bool:
        """Whether schedules tick."""
        return self.jobs or self.status_actions or self.reconcile


def draw(random: Random) -> Weights:
    """The weights of one history."""
    resolution = random.choices(tuple(ResolutionClass), (55, 35, 10))[0]
    short_key = random.random() < 0.15
    jumps = 1 if not short_key and random.random() < 0.05 else 0
    webhooks, mails, jobs = _webhooks(random), _mails(random), random.random() < 0.12
    by_sums = resolution is ResolutionClass.LOOK_UP_ONLY and not (jobs or jumps) and random.random() < 0.5
    status_actions, reconcile = random.random() < 0.08, random.random() < 0.06
    return Weights(
        resolution=resolution,
        workers=random.randint(2, 4),
        payments=random.choice((1, 1, 2)),
        wishes=random.randint(2, 4),
        busy_s=random.choice((300.0, 900.0, 2400.0)),
        kill=random.choice((0.0, 0.06, 0.12, 0.2)),
        freeze=random.choice((0.0, 0.02, 0.06)),
        most_wire_freeze_s=200.0 if short_key else 500.0,
        latest_arrival_s=200.0 if short_key else 300.0,
        key_window_s=600 if short_key else 24 * 3600,
        key_trust_s=150 if short_key else 23 * 3600,
        writes=_writes(random) if mails is None else _refusing(random),
        reads=_reads(random),
        portal=random.choice((0, 0, 1, 2)),
        reconciliations=random.randint(0, 3),
        word_lost=random.choice((0.0, 0.3, 1.0)),
        disk_full=random.choice((0.0, 0.0, 0.05)),
        jumps=jumps,
        restore=jumps == 0 and random.random() < 0.06,
        webhooks=webhooks,
        forgeries=0 if webhooks is None else random.randint(0, 3),
        stray=webhooks is not None and random.random() < 0.1,
        clerks=random.choice((1, 1, 2)),
        jobs=jobs,
        status_actions=status_actions,
        reconcile=reconcile,
        job_every_s=random.choice((300, 900, 1800)),
        status_changes=random.randint(1, 4),
        hand_runs=random.randint(0, 3),
        schedulers=random.randint(1, 2),
        mails=mails,
        by_sums=by_sums,
        addresses=random.randint(1, 2),
    )


def _refusing(random: Random) -> Mapping[Trouble, float]:
    """Where failures are mailed, some calls are simply refused."""
    writes = {trouble: chance * 0.6 for trouble, chance in _writes(random).items()}
    return writes | {Trouble.REFUSED: random.choice((0.2, 0.4))}


def _mails(random: Random) -> Mapping[MailTrouble, float] | None:
    """In most histories nobody is mailed."""
    if random.random() >= 0.12:
        return None
    total, shares = random.choice((0.0, 0.3, 0.8)), [random.expovariate(1.0) for _trouble in MailTrouble]
    return {trouble: total * share / sum(shares) for trouble, share in zip(MailTrouble, shares, strict=True)}


def _webhooks(random: Random) -> Mapping[str, float] | None:
    """In most histories the bank is silent; in some others every message is lost (R39)."""
    if random.random() >= 0.15:
        return None
    if random.random() < 0.1:
        return {"webhook_lost": 1.0}
    return {kind: random.choice((0.0, 0.1, 0.3)) for kind in WEBHOOK}


def _writes(random: Random) -> Mapping[Trouble, float]:
    """Between none and nearly all calls in trouble; some kinds much more likely than others."""
    total = random.choice((0.0, 0.2, 0.4, 0.6, 0.8))
    shares = {trouble: random.expovariate(1.0) ** 2 for trouble in COMMON_WRITES}
    shares |= {trouble: random.expovariate(1.0) ** 2 * 0.15 for trouble in RARE_WRITES}
    whole = sum(shares.values())
    return {trouble: total * share / whole for trouble, share in shares.items()}


def _reads(random: Random) -> Mapping[Trouble, float]:
    chances = {trouble: random.choice((0.0, 0.05, 0.15)) for trouble in READS}
    chances[Trouble.UNAUTHORISED] = random.choice((0.0, 0.0, 0.03))
    chances[Trouble.STALE_READ] = random.choice((0.0, 0.2, 0.5))
    return chances
