"""The payment methods that a provider account offers, and the merchant's switch of each."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Json, new_id


class PaymentMethod(Base):
    """One method in one currency. A sync never touches `enabled` and never deletes a row (R30)."""

    __tablename__ = "payment_methods"
    __table_args__ = (
        UniqueConstraint("account_id", "slug", "currency"),
        ForeignKeyConstraint(["shop_id", "account_id"], ["provider_accounts.shop_id", "provider_accounts.id"]),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shop_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    slug: Mapped[str]  # the provider's word; with the currency the key of a method
    currency: Mapped[str]
    names: Mapped[Any] = mapped_column(Json, default=dict)  # language -> the provider's name
    subtypes: Mapped[Any] = mapped_column(Json, default=list)  # card brands, shops where one can pay
    capabilities: Mapped[Any] = mapped_column(Json, default=dict)  # what the wire tells beyond that
    enabled: Mapped[bool]  # the merchant's switch
    position: Mapped[int]  # order of display within the account
    is_new: Mapped[bool]  # until somebody has looked
    gone_since: Mapped[datetime | None]  # no longer offered
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)  # counts what people change; a sync does not move it

    @property
    def is_offered(self) -> bool:
        """Whether the provider offered it when it was last asked."""
        return self.gone_since is None
