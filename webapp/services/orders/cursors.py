"""Where a page of a list begins: the sort key of the row beside it, written into the address (keyset paging)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

_FORM = "%Y%m%dT%H%M%S.%f"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row's sort key. The page shows what is older, or what is newer when `newer` is true."""

    ordered_at: datetime
    id: uuid.UUID
    newer: bool = False

    def text(self) -> str:
        """As it stands in an address."""
        moment = self.ordered_at.astimezone(UTC).strftime(_FORM)
        return f"{'after' if self.newer else 'before'}-{moment}-{self.id.hex}"


def read_cursor(text: str) -> Cursor | None:
    """The cursor in an address; None for none and for anything that is not one: the list then begins at its top."""
    direction, _, rest = text.partition("-")
    moment, _, row = rest.partition("-")
    if direction not in {"before", "after"} or len(row) != 32:
        return None
    try:
        ordered_at = datetime.strptime(moment, _FORM).replace(tzinfo=UTC)
        return Cursor(ordered_at, uuid.UUID(hex=row), newer=direction == "after")
    except ValueError:
        return None
