"""An alert: something wrong that staff are told of, from when it began until it was over (R47)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain.alerts import AlertKind
from webapp.models.base import Base, new_id
from webapp.models.shop import Mode

OPEN = "closed_at is null"
OPEN_IN_SHOP = "closed_at is null and shop_id is not null"
OPEN_OF_DESK = "closed_at is null and shop_id is null"


class Alert(Base):
    """One occurrence; of each kind at most one is open in a mode of a shop, or of the whole desk (neither of them).

    `wrong_since`: when what is wrong began. `calm_since`: nothing was wrong any more, and it is not over yet.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("(shop_id is null) = (mode is null)", name="mode_of_a_shop"),
        Index(
            "uq_alerts_open_shop",
            "shop_id",
            "mode",
            "kind",
            unique=True,
            sqlite_where=text(OPEN_IN_SHOP),
            postgresql_where=text(OPEN_IN_SHOP),
        ),
        Index(
            "uq_alerts_open_desk",
            "kind",
            unique=True,
            sqlite_where=text(OPEN_OF_DESK),
            postgresql_where=text(OPEN_OF_DESK),
        ),
        Index("ix_alerts_open", "opened_at", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
        Index("ix_alerts_closed", "closed_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[AlertKind]
    shop_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("shops.id"))
    mode: Mapped[Mode | None]
    wrong_since: Mapped[datetime]
    opened_at: Mapped[datetime]
    calm_since: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
