"""What may go wrong with one call, drawn from a seeded random or given in order (money-safety T1)."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Trouble(StrEnum):
    """One misbehaviour of the provider or of the way to it; the names are the emulator's where it has them."""

    NOT_REACHED = "not_reached"  # connect refused: proof that nothing was sent
    TIMEOUT_BEFORE = "timeout_before"
    ERROR_BEFORE = "error_before"
    ERROR_STORED = "error_stored"  # no effect, and the key answers with this error for ever (R14)
    RUNNING = "running"  # 409 although nothing runs
    RATE_LIMITED = "rate_limited"
    UNAUTHORISED = "unauthorised"
    REFUSED = "refused"  # a definite no, for no reason in the payment
    LATE_EFFECT = "late_effect"  # no answer, the effect comes up to five minutes later
    REFUSE_REPEAT = "refuse_repeat"  # a known key is told "already refunded"
    WRONG_AMOUNT = "wrong_amount"  # another amount moves
    TIMEOUT_AFTER = "timeout_after"
    ERROR_AFTER = "error_after"
    ERROR_AFTER_STORED = "error_after_stored"
    CUT_BODY = "cut_body"
    WRONG_ANSWER = "wrong_answer"  # the answer alone names another amount
    STALE_READ = "stale_read"


READS = frozenset(
    {Trouble.NOT_REACHED, Trouble.TIMEOUT_BEFORE, Trouble.ERROR_BEFORE, Trouble.UNAUTHORISED, Trouble.STALE_READ}
)
WRITES = frozenset(Trouble) - {Trouble.STALE_READ}


@dataclass
class Troubles:
    """Deals out troubles: those of `writes_next` and `reads_next` first, then by chance.

    `writes` and `reads` map a trouble to its chance per call, between 0 and 1, together at most 1.
    """

    random: Random
    writes: Mapping[Trouble, float] = field(default_factory=dict)
    reads: Mapping[Trouble, float] = field(default_factory=dict)
    writes_next: deque[Trouble | None] = field(default_factory=deque)
    reads_next: deque[Trouble | None] = field(default_factory=deque)
    dealt: Counter[str] = field(default_factory=Counter)

    def for_write(self) -> Trouble | None:
        """What strikes the next write, if anything."""
        return self._deal(self.writes_next, self.writes)

    def for_read(self) -> Trouble | None:
        """What strikes the next read, if anything."""
        return self._deal(self.reads_next, self.reads)

    def end(self) -> None:
        """From now on everything works."""
        self.writes, self.reads = {}, {}
        self.writes_next.clear()
        self.reads_next.clear()

    def _deal(self, given: deque[Trouble | None], chances: Mapping[Trouble, float]) -> Trouble | None:
        trouble = given.popleft() if given else self._draw(chances)
        if trouble is not None:
            self.dealt[trouble.value] += 1
        return trouble

    def _draw(self, chances: Mapping[Trouble, float]) -> Trouble | None:
        if not chances:
            return None
        left = self.random.random()
        for trouble, chance in chances.items():
            left -= chance
            if left < 0:
                return trouble
        return None
