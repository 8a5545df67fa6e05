"""Many histories, added up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulation.history import Result, run_history

CHUNK = 50


@dataclass
class Tally:
    """What a run of histories came to; `violations` by seed."""

    histories: int = 0
    steps: int = 0
    cpu_s: float = 0.0
    classes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)  # of messages, runs and mails
    violations: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        """One more history."""
        self.histories += 1
        self.steps += result.steps
        self.classes[result.weights.resolution.value] += 1
        self.faults += result.faults
        self.kills += result.kills
        self.states += result.states
        self.counts += result.counts
        if result.violations:
            self.violations[result.seed] = result.violations

    def merge(self, other: Tally) -> None:
        """The histories of another process."""
        self.histories += other.histories
        self.steps += other.steps
        self.cpu_s += other.cpu_s
        for name in ("classes", "faults", "kills", "states", "counts"):
            getattr(self, name).update(getattr(other, name))
        self.violations |= other.violations

    def text(self) -> str:
        """For people to read."""
        lines = [
            f"{self.histories} histories ({_counted(self.classes)}), {self.steps} steps",
            f"{self.histories / max(self.cpu_s, 0.001):.1f} histories per second of a core",
            f"{self.faults.total()} faults: {_counted(self.faults)}",
            f"{self.kills.total()} kills: {_counted(self.kills)}",
            f"operations: {_counted(self.states)}",
            f"beside them: {_counted(self.counts)}",
            f"{len(self.violations)} histories with violations",
        ]
        return "\n".join([*lines, *(f"  seed {seed}: {words[0]}" for seed, words in sorted(self.violations.items()))])


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def run_seeds(seeds: Iterable[int]) -> Tally:
    """Run these histories in this process."""
    tally, began = Tally(), time.process_time()
    for seed in seeds:
        tally.add(run_history(seed))
    tally.cpu_s = time.process_time() - began
    return tally


def run_many(seeds: range, jobs: int, told: Callable[[Tally], None] | None = None) -> Tally:
    """Run these histories in `jobs` processes; `told` hears the tally after each chunk."""
    tally = Tally()
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for part in pool.map(run_seeds, chunks):
            tally.merge(part)
            if told is not None:
                told(tally)
    return tally
