"""Misbehaviour on demand: the faults of money-safety T1, chosen per provider and call, seeded."""

from dataclasses import asdict, dataclass, fields, replace
from random import Random
from typing import Any

from .records import Json
from .store import Journal, NoJournal

BEFORE = "timeout_before", "hang_up", "error_before", "running", "rate_limited", "unauthorised"
AROUND = "late_effect", "refuse_repeat", "expired_key", "wrong_amount", "stale_read"
AFTER = "timeout_after", "error_after", "cut_body", "html_body", "slow_bytes", "wrong_answer"
WEBHOOK = "webhook_lost", "webhook_doubled", "webhook_late", "webhook_forged"
KINDS = (*BEFORE, *AROUND, *AFTER, *WEBHOOK)
WRITES_ONLY = {"late_effect", "refuse_repeat", "expired_key", "wrong_amount", "wrong_answer", "running"}
READS_ONLY = {"stale_read"}
DEFAULT_SECONDS = {
    "late_effect": 60.0,
    "stale_read": 60.0,
    "rate_limited": 5.0,
    "slow_bytes": 2.0,
    "webhook_late": 30.0,
    "timeout_before": 60.0,
    "timeout_after": 60.0,
    "late_answer": 0.0,
}


@dataclass(frozen=True)
class Fault:
    """One misbehaviour waiting for its call.

    provider, call: names or `*`; the call of a delivery is `webhook`.
    nth: fire first at the n-th matching call (from 1). probability: 0 to 1, per matching call, instead.
    times: how often it may fire; without it once for `nth`, else without limit.
    seconds: how long a timed-out call hangs before the connection closes, how late an effect or a webhook is,
    how old a stale read is, over which time slow bytes trickle, what Retry-After says.
    hold: seconds that a late effect's call hangs before its connection closes. status: of `error_*`.
    amount_minor: what `wrong_amount` (in the effect) or `wrong_answer` (in the answer only) adds.
    stored: the provider replays an `error_after` for this idempotency key for ever.
    code: the provider's word in the body of `error_*`; bare: such an error has no body at all.
    """

    kind: str
    provider: str = "*"
    call: str = "*"
    probability: float | None = None
    nth: int | None = None
    times: int | None = None
    seconds: float | None = None
    hold: float = 0.0
    status: int = 500
    amount_minor: int = -1
    stored: bool = False
    code: str | None = None
    bare: bool = False
    id: int = 0
    seen: int = 0
    fired: int = 0

    @property
    def lasting(self) -> float:
        """`seconds`, or what is usual for this kind."""
        return DEFAULT_SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds

    def fits(self, provider: str, call: str, is_write: bool) -> bool:
        """Whether a call is of the sort that this fault waits for."""
        if (call == "webhook") != (self.kind in WEBHOOK):
            return False
        if self.kind in (READS_ONLY if is_write else WRITES_ONLY) and call != "webhook":
            return False
        return self.provider in ("*", provider) and self.call in ("*", call)


def read_fault(body: Json) -> Fault:
    """A fault from a control call's JSON; ValueError says in a sentence what is wrong with it."""
    settable = {one.name: one.type for one in fields(Fault) if one.name not in ("id", "seen", "fired")}
    for name, value in body.items():
        if name not in settable:
            raise ValueError(f"A fault has no field {name!r}; it has {', '.join(settable)}.")
        if not _is_of(value, str(settable[name])):
            raise ValueError(f"{name} is not of the right type.")
    if body.get("kind") not in KINDS:
        raise ValueError(f"kind has to be one of {', '.join(KINDS)}.")
    fault = Fault(**body)
    if fault.probability is not None and not 0 <= fault.probability <= 1:
        raise ValueError("probability has to be between 0 and 1.")
    if any(count is not None and count < 1 for count in (fault.nth, fault.times)):
        raise ValueError("nth and times count from 1.")
    if fault.lasting < 0 or fault.hold < 0:
        raise ValueError("seconds and hold cannot be negative.")
    if not 400 <= fault.status <= 599:
        raise ValueError("status has to be between 400 and 599.")
    return fault


def _is_of(value: Any, wanted: str) -> bool:
    if value is None:
        return "None" in wanted
    if isinstance(value, bool):
        return "bool" in wanted
    if isinstance(value, int):
        return "int" in wanted or "float" in wanted
    return type(value).__name__ in wanted


class FaultPlan:
    """The faults in the order they were added; the first that fires for a call wins."""

    def __init__(self, random: Random, journal: Journal | None = None) -> None:
        self.random = random
        self._journal = journal or NoJournal()
        self.faults: list[Fault] = []
        self._last = 0

    def add(self, fault: Fault) -> Fault:
        """Add a fault and number it."""
        self._last += 1
        fault = replace(fault, id=self._last)
        self.faults.append(fault)
        self._keep(fault)
        return fault

    def restore(self, fault: Fault) -> None:
        """Put back a fault that already has its number."""
        self.faults.append(fault)
        self._last = max(self._last, fault.id)

    def clear(self, fault_id: int | None = None) -> int:
        """Remove one fault or all; says how many."""
        before = len(self.faults)
        for fault in self.faults:
            if fault_id in (None, fault.id):
                self._journal.drop("fault", str(fault.id))
        self.faults = [fault for fault in self.faults if fault_id is not None and fault.id != fault_id]
        return before - len(self.faults)

    def draw(self, provider: str, call: str, is_write: bool) -> Fault | None:
        """The fault that strikes this call, or None. Every fitting fault counts the call."""
        struck: Fault | None = None
        for place, fault in enumerate(self.faults):
            if not fault.fits(provider, call, is_write):
                continue
            counted = replace(fault, seen=fault.seen + 1)
            if struck is None and self._fires(counted):
                counted = replace(counted, fired=counted.fired + 1)
                struck = counted
            self.faults[place] = counted
            if fault.nth is not None or counted is struck:
                self._keep(counted)
        return struck

    def _keep(self, fault: Fault) -> None:
        """With its counts: one that has done its part must not strike again after a restart."""
        self._journal.save("fault", str(fault.id), fault)

    def _fires(self, fault: Fault) -> bool:
        times = fault.times if fault.times is not None else (1 if fault.nth is not None else None)
        if times is not None and fault.fired >= times:
            return False
        if fault.nth is not None and fault.seen < fault.nth:
            return False
        return fault.probability is None or self.random.random() < fault.probability

    def listing(self) -> list[Json]:
        """All faults with what they have seen and done."""
        return [asdict(fault) for fault in self.faults]
