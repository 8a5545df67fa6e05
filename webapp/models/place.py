"""Where lists find a row among orders."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Enum
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.shop import Mode

_OF_ORDER = Enum(  # the order's own column is checked
    Mode, native_enum=False, length=32, create_constraint=False, values_callable=lambda modes: [*map(str, modes)]
)


class PlacedByOrder:
    """Mode and moment (UTC) of the row's order, kept equal by triggers (ADR 0015): the order list goes by them.

    Nobody else writes them.
    """

    mode: Mapped[Mode | None] = mapped_column(_OF_ORDER)
    ordered_at: Mapped[datetime | None]
