"""What really happened at the bank, by operation: the only judge of I2 and I3."""

from __future__ import annotations

import uuid
from collections import defaultdict

from providers.emulator.ledger import Ledger
from providers.emulator.records import Effect, Payment

MOVES = frozenset({"refund", "cancel", "capture", "raise", "lower"})


class Truth:
    """Listens to the bank's ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.of: defaultdict[str, list[Effect]] = defaultdict(list)
        self.foreign: list[Effect] = []  # made in the portal
        self.forgotten: set[str] = set()  # operations that a restored backup does not know
        self.count = 0
        ledger.listeners.append(self._note)

    def _note(self, effect: Effect, _after: Payment) -> None:
        if effect.kind not in MOVES:
            return
        self.count += 1
        operation = _operation(effect.operation)
        if operation is not None:
            self.of[operation].append(effect)
        elif effect.source == "portal":
            self.foreign.append(effect)


def _operation(word: str | None) -> str | None:
    """The operation's id as the database writes it."""
    try:
        return uuid.UUID(word).hex if word else None
    except ValueError:
        return None
