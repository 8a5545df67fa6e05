"""What a check has counted so far; it goes into the import's row with each batch."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import insert

from webapp.models import ImportFault, OrderImport
from webapp.services.imports.checking import Fault
from webapp.services.unit_of_work import Tx

MOST_FAULTS_KEPT = 1000

Plan = dict[str, dict[str, list[int]]]
"""{"cancel" or "refund": {currency: [payments, minor units]}}"""


@dataclass(slots=True)
class Tally:
    """The counters of models/order_import.py, by the same names."""

    rows_read: int = 0
    rows_new: int = 0
    rows_changed: int = 0
    rows_unchanged: int = 0
    rows_wrong: int = 0
    new_cancelled: int = 0
    faults: int = 0
    payments: int = 0
    plan: Plan = field(default_factory=dict)

    @classmethod
    def of(cls, row: OrderImport) -> Tally:
        """As it stands in the row."""
        return cls(**{name: getattr(row, name) for name in cls.__slots__})

    def values(self) -> dict[str, Any]:
        """For the row."""
        return asdict(self)

    def plans(self, kind: str, currency: str, minor: int) -> None:
        """One more payment that would be released or given back; nothing for an amount of zero."""
        if minor:
            entry = self.plan.setdefault(kind, {}).setdefault(currency, [0, 0])
            entry[0] += 1
            entry[1] += minor


def keep_faults(tx: Tx, import_id: uuid.UUID, counted_before: int, faults: Sequence[Fault]) -> None:
    """Store the faults that are among the first thousand."""
    rows = [
        {
            "import_id": import_id,
            "number": number,
            "line": fault.line,
            "column": fault.column,
            "code": fault.code,
            "facts": dict(fault.facts),
        }
        for number, fault in enumerate(faults, start=counted_before)
        if number < MOST_FAULTS_KEPT
    ]
    if rows:
        tx.execute(insert(ImportFault), rows)
