"""Changing a row that somebody looked at: the version they saw must still be the present one (R32)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import update

from webapp.models import Base
from webapp.services.errors import StaleVersion
from webapp.services.unit_of_work import Tx


def change(tx: Tx, model: type[Base], row_id: uuid.UUID, version: int, **values: Any) -> None:
    """Write `values` and the next version in one statement. StaleVersion when the row has moved on."""
    table: Any = model
    changed = tx.scalar(
        update(table)
        .where(table.id == row_id, table.version == version)
        .values(version=version + 1, **values)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise StaleVersion


def differences(before: Any, after: dict[str, Any]) -> dict[str, Any]:
    """Names of what changes, with the old and new value, for the audit; call it before the change."""
    return {name: [getattr(before, name), value] for name, value in after.items() if getattr(before, name) != value}
