"""The last runs of a job as a row of bars: height for rows, colour for the worst outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.formatting.job_words import OUTCOMES
from webapp.services.jobs.listing import RunLine, RunState

HEIGHT, WIDTH, STEP, SMALLEST = 32, 7, 9, 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One run; numbers are pixels. `colour` is one of the tags' colours."""

    x: int
    y: int
    height: int
    colour: str


def run_bars(newest_first: Sequence[RunLine]) -> Sequence[Bar]:
    """Oldest on the left; a run without rows is a stub, the highest fills the height."""
    most = max((line.rows for line in newest_first), default=0) or 1
    bars = []
    for place, line in enumerate(reversed(newest_first)):
        height = SMALLEST + (HEIGHT - SMALLEST) * line.rows // most
        bars.append(Bar(place * STEP, HEIGHT - height, height, _colour(line)))
    return bars


def _colour(line: RunLine) -> str:
    if line.state is RunState.FAILED:
        return "red"
    if not line.is_over:
        return "blue"
    return OUTCOMES[line.worst].colour if line.worst else "neutral"
