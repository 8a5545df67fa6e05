"""The demo's people; their passwords are known to everybody, so the demo refuses to run in production."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

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


def add_people(tx: Tx, shop_id: uuid.UUID, now: datetime) -> None:
    """Everybody who is not there yet, with their roles in the shop."""
    for person in PEOPLE:
        known = tx.scalar(select(User.id).where(User.email == person.email))
        user_id = known or _add(tx, person, now)
        for role in person.roles:
            tx.execute(insert(Grant).values(id=new_id(), user_id=user_id, shop_id=shop_id, role=role, granted_at=now))


def _add(tx: Tx, person: Person, now: datetime) -> uuid.UUID:
    user_id = new_id()
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
    return user_id


def sign_ins() -> str:
    """What the terminal shows."""
    width = max(len(person.email) for person in PEOPLE)
    lines = [
        f"  {person.email:<{width}}  {PASSWORD}   {', '.join(role.value for role in person.roles)}" for person in PEOPLE
    ]
    return "\n".join(lines)
