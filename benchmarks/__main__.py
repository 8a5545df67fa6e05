"""`python -m benchmarks [MEASURE ...] [--database sqlite|postgresql]`: each figure beside its baseline.

orders      the order list and the page of one order, at several numbers of orders
filing      from the last click to the committed refund
api         from a program's POST to the committed refund
messages    providers' messages taken in
imports     a file of orders brought in
drain       due refunds sent by workers
refund-job  the refund job over the largest of the numbers of orders
order-status  the order-status job over 100,000 orders of which 1,000 changed
reconcile   payments compared with their provider
run         `make run`: seconds to the first page, memory of its processes

Without a name all are measured. `make bench ARGS="orders --sizes 1000 10000 --requests 20"` is a quick look.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from benchmarks import api, drain, filing, footprint, imports, messages, order_status, orders, reconcile, refund_job
from benchmarks.setting import KINDS

SIZES = (1_000, 100_000, 1_000_000)
MEASURES: dict[str, Callable[[str, argparse.Namespace], Any]] = {
    "orders": lambda kind, options: orders.measure(kind, options.sizes, options.requests),
    "filing": lambda kind, _options: filing.measure(kind),
    "api": lambda kind, _options: api.measure(kind),
    "messages": lambda kind, _options: messages.measure(kind),
    "imports": lambda kind, _options: imports.measure(kind),
    "drain": lambda kind, _options: drain.measure(kind),
    "reconcile": lambda kind, options: reconcile.measure(kind, options.payments),
    "refund-job": lambda kind, options: refund_job.measure(kind, max(options.sizes)),
    "order-status": lambda kind, _options: order_status.measure(kind),
}
RUN = "run"  # its processes have one database
ALL = [*MEASURES, RUN]


def main() -> None:
    """Run the chosen measurements, one after the other, and print what each found."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measures", nargs="*", choices=ALL, default=ALL, help="default: all")
    parser.add_argument("--database", choices=KINDS, help="both, when none is named")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="orders: numbers of orders, by default %(default)s"
    )
    parser.add_argument("--requests", type=int, default=60, help="orders: of each page, by default %(default)s")
    parser.add_argument("--payments", type=int, default=10_000, help="reconcile: by default %(default)s")
    parser.add_argument("--cold", action="store_true", help="run: also a clone without environment; fetches packages")
    options = parser.parse_args()
    for name in options.measures:
        if name == RUN:
            print(footprint.measure(cold=options.cold), flush=True)
            continue
        for kind in [options.database] if options.database else KINDS:
            print(MEASURES[name](kind, options), flush=True)
    print(f"load of the machine over the last minutes: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


if __name__ == "__main__":
    main()
