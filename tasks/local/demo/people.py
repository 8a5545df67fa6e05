"""The demo's people; their passwords are known to everybody, so the demo refuses to run in production."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from webapp.domain.permissions import Role
from webapp.models import Grant, User
from webapp.models.base import new_id
from webapp.services.passwords import hash_password
from webapp.services.unit_of_work import Tx

PASSWORD = "paydesk-demo-only"  # noqa: S105 - shown on the terminal on purpose


@dataclass(frozen=True, slots=True)
class Person:
    """Who can sign in, and as what."""

    email: str
    name: str
    language: str
    roles: tuple[Role, ...]


PEOPLE = (
    Person("admin@demo.test", "Aiko Admin", "en", (Role.ADMIN,)),
    Person("merchant@demo.test", "Mari Merchant", "ja", (Role.MERCHANT,)),
    Person("support@demo.test", "Sam Support", "en", (Role.SUPPORT,)),
    Person("viewer@demo.test", "Vera Viewer", "sv", (Role.VIEWER,)),
    Person("owner@demo.test", "Odile Owner", "fr", (Role.OWNER,)),
)


def add_people(tx: Tx, shop_id: uuid.UUID, now: datetime) -> dict[str, uuid.UUID]:
    """Everybody, with their roles in the shop; answers their ids by the part before the @."""
    ids: dict[str, uuid.UUID] = {}
    for person in PEOPLE:
        user_id = new_id()
        ids[person.email.split("@")[0]] = user_id
        tx.execute(
            insert(User).values(
                id=user_id,
                email=person.email,
                name=person.name,
                password_hash=hash_password(PASSWORD),
                language=person.language,
                time_zone="Asia/Tokyo",
                created_at=now,
            )
        )
        for role in person.roles:
            tx.execute(insert(Grant).values(id=new_id(), user_id=user_id, shop_id=shop_id, role=role, granted_at=now))
    return ids


def sign_ins() -> str:
    """What the terminal shows."""
    width = max(len(person.email) for person in PEOPLE)
    lines = [
        f"  {person.email:<{width}}  {PASSWORD}   {', '.join(role.value for role in person.roles)}" for person in PEOPLE
    ]
    return "\n".join(lines)
