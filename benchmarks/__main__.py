"""`python -m benchmarks [drain|filing|imports] [--database sqlite|postgresql]`: each figure beside its baseline."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from benchmarks import drain, filing, imports
from benchmarks.setting import KINDS

MEASURES: dict[str, Callable[[str], Any]] = {
    "filing": filing.measure,
    "drain": drain.measure,
    "imports": imports.measure,
}


def main() -> None:
    """Run the chosen measurements, one after the other, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", choices=list(MEASURES), default=list(MEASURES), help="default: all")
    parser.add_argument("--database", choices=KINDS, help="both, when none is named")
    options = parser.parse_args()
    for name in options.measures:
        for kind in [options.database] if options.database else KINDS:
            print(MEASURES[name](kind), flush=True)


if __name__ == "__main__":
    main()
