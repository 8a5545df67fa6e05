"""`python -m benchmarks.sender QUEUE`: a worker without its poller, which would send beside it.

The limit that a drain is held against counts one call at a time for each worker.
"""

from __future__ import annotations

from tasks import worker


class NoPoller(worker.Poller):
    """Stands in for the poller and does nothing."""

    def start(self) -> None:
        """Nothing is started."""

    def stop(self, patience: float = 15.0) -> None:
        """Nothing is to be stopped."""


if __name__ == "__main__":
    worker.Poller = NoPoller  # type: ignore[misc]
    worker.main()
