"""`python -m tests.simulation --seed 7 --verbose` replays one history, `--histories 20000 --jobs 2` runs many."""

from __future__ import annotations

import argparse
import sys

from tests.simulation.history import run_history
from tests.simulation.mistakes import MISTAKES
from tests.simulation.report import Tally, run_many


def main() -> int:
    """Exit code 1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="run this history alone")
    parser.add_argument("--verbose", action="store_true", help="show its every step")
    parser.add_argument("--mistake", choices=sorted(MISTAKES), help="with a seeded mistake and its own weights")
    parser.add_argument("--histories", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if given.seed is None:
        return _many(range(given.first, given.first + given.histories), given.jobs)
    mistake = MISTAKES[given.mistake] if given.mistake else None
    result = run_history(
        given.seed,
        weights=mistake.weights if mistake else None,
        mistake=mistake.make if mistake else None,
        log=print if given.verbose else None,
    )
    print(result.weights)
    print(f"seed {result.seed}: {result.steps} steps, digest {result.digest:x}, {dict(result.states)}")
    print("\n".join(result.violations) or "no violations")
    return 1 if result.violations else 0


def _many(seeds: range, jobs: int) -> int:
    def told(tally: Tally) -> None:
        print(f"\r{tally.histories} of {len(seeds)}, {len(tally.violations)} broken ", end="", file=sys.stderr)

    tally = run_many(seeds, jobs, told)
    print(f"\nseeds {seeds.start} to {seeds.stop - 1}: {tally.text()}")
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
