"""Order lines as operations, orders and payments keep them: amounts are whole numbers, quantities texts (I15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from providers.lines import LineKind, OrderLine


def dump(lines: Sequence[OrderLine]) -> list[dict[str, Any]] | None:
    """The lines for the database; None where there are none."""
    if not lines:
        return None
    return [asdict(line) | {"quantity": str(line.quantity), "kind": line.kind.value} for line in lines]


def load(kept: Sequence[Mapping[str, Any]] | None) -> Sequence[OrderLine]:
    """The lines that `dump` kept."""
    return tuple(
        OrderLine(**{**line, "quantity": Decimal(line["quantity"]), "kind": LineKind(line["kind"])})
        for line in kept or ()
    )
