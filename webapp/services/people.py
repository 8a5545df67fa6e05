"""People, their roles per shop, and who can help whom."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from webapp.domain.permissions import Permission, Role, roles_with
from webapp.models import Grant, User
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx

MOST_NAMED = 10


def who_may(tx: Tx, permission: Permission, shop_id: uuid.UUID | None, asker: SignedIn) -> Sequence[str]:
    """Names of colleagues with the right in that shop, or in any shop of the asker; ten at most."""
    return _names(tx, roles_with(permission), shop_id, asker)


def who_can_grant(tx: Tx, permission: Permission, shop_id: uuid.UUID | None, asker: SignedIn) -> Sequence[str]:
    """Names of colleagues who can give the right; rights of admins and owners only come from owners."""
    easy = set(roles_with(permission)) - {Role.ADMIN, Role.OWNER}
    granting = roles_with(Permission.MANAGE_PEOPLE if easy else Permission.MANAGE_OWNERS)
    return _names(tx, granting, shop_id, asker)


def _names(tx: Tx, roles: Sequence[Role], shop_id: uuid.UUID | None, asker: SignedIn) -> Sequence[str]:
    shops = [shop_id] if shop_id in asker.grants else list(asker.grants)
    found = (
        select(User.name)
        .join(Grant, Grant.user_id == User.id)
        .where(Grant.shop_id.in_(shops), Grant.role.in_(roles), User.disabled_at.is_(None))
        .distinct()
        .order_by(User.name)
        .limit(MOST_NAMED)
    )
    return tx.scalars(found).all()
