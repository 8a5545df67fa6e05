"""Sign-in state on the server: a token of 256 bits in the cookie, its hash in the table, every session revocable."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import bindparam, select, update

from webapp.domain.permissions import PERMISSIONS, Permission, Role
from webapp.models import Grant, Installation, Mode, Shop, User, UserSession
from webapp.services import passwords, runtime
from webapp.services.unit_of_work import Tx, in_transaction

MONEY_ROLES = frozenset({Role.SUPPORT, Role.MERCHANT, Role.OWNER})
IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sends the request, and what they may do; read for every request (8.3.2).

    With it comes what stands around every page: the names of the person's shops, in their order, and when the desk
    was put into recovery mode. `read_at` is the database's clock, moments are in UTC.
    """

    session_id: uuid.UUID
    user_id: uuid.UUID
    email: str
    name: str
    language: str
    time_zone: str
    mode: Mode
    has_totp: bool
    must_choose_password: bool
    seen_at: datetime
    read_at: datetime
    grants: Mapping[uuid.UUID, frozenset[Role]]
    shop_names: Mapping[uuid.UUID, str] = field(default_factory=dict)
    recovery_since: datetime | None = None

    def may(self, permission: Permission, shop_id: uuid.UUID) -> bool:
        """Whether a role in that shop carries the right."""
        return permission in _rights(self.grants.get(shop_id, frozenset()))

    def may_somewhere(self, permission: Permission) -> bool:
        """Whether the person has the right in any shop."""
        return any(permission in _rights(roles) for roles in self.grants.values())

    def shops_with(self, permission: Permission) -> frozenset[uuid.UUID]:
        """The shops in which the person has the right."""
        return frozenset(shop_id for shop_id, roles in self.grants.items() if permission in _rights(roles))


@cache
def _rights(roles: frozenset[Role]) -> frozenset[Permission]:
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def start(tx: Tx, user_id: uuid.UUID, now: datetime) -> str:
    """Begin a session and return its token, which is stored only as a hash. The mode is the one last chosen."""
    last = select(UserSession.mode).where(UserSession.user_id == user_id).order_by(UserSession.created_at.desc())
    mode = tx.scalar(last.limit(1)) or Mode.LIVE
    token = secrets.token_urlsafe(32)
    tx.add(UserSession(user_id=user_id, token_hash=_hash(token), mode=mode, created_at=now, last_seen_at=now))
    tx.execute(update(User).where(User.id == user_id).values(last_seen_at=now))
    return token


_RECOVERY = select(Installation.recovery_since).where(Installation.id == 1).scalar_subquery()
_SESSION = (
    select(
        *(UserSession.id, UserSession.user_id, UserSession.mode, UserSession.created_at, UserSession.last_seen_at),
        *(User.email, User.name, User.language, User.time_zone, User.password_hash),
        User.totp_secret.is_not(None).label("has_totp"),
        *(Grant.shop_id, Grant.role, Shop.name.label("shop_name"), _RECOVERY.label("recovery_since")),
    )
    .join(User, User.id == UserSession.user_id)
    .outerjoin(Grant, Grant.user_id == User.id)
    .outerjoin(Shop, Shop.id == Grant.shop_id)
    .where(UserSession.token_hash == bindparam("of_token"), UserSession.ended_at.is_(None), User.disabled_at.is_(None))
    .order_by(Shop.name, Shop.id)
)
"""A row for each grant. Asked by every request, so it is made once and brings all that every page needs."""


def find(tx: Tx, token: str) -> SignedIn | None:
    """The person behind `token`; None when the session ended, lapsed or idled, or the person was disabled."""
    rows = tx.execute(_SESSION, {"of_token": _hash(token)}).all()
    if not rows:
        return None
    first = rows[0]
    grants: dict[uuid.UUID, set[Role]] = {}
    for row in rows:
        if row.shop_id is not None:
            grants.setdefault(row.shop_id, set()).add(row.role)
    now = runtime.current().clock.now(tx)
    has_money_role = any(roles & MONEY_ROLES for roles in grants.values())
    if now - first.created_at > LONGEST or (has_money_role and now - first.last_seen_at > IDLE):
        return None
    return SignedIn(
        session_id=first.id,
        user_id=first.user_id,
        email=first.email,
        name=first.name,
        language=first.language,
        time_zone=first.time_zone,
        mode=Mode(first.mode),
        has_totp=bool(first.has_totp),
        must_choose_password=passwords.is_invite(first.password_hash),
        seen_at=first.last_seen_at,
        read_at=now,
        grants={shop_id: frozenset(roles) for shop_id, roles in grants.items()},
        shop_names={row.shop_id: row.shop_name for row in rows if row.shop_id is not None},
        recovery_since=first.recovery_since,
    )


def touch(session_id: uuid.UUID) -> None:
    """Note that the person is there, at most once a minute."""

    def work(tx: Tx) -> None:
        now = runtime.current().clock.now(tx)
        tx.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.last_seen_at < now - SEEN_EVERY)
            .values(last_seen_at=now)
        )

    in_transaction(work)


def choose_mode(session_id: uuid.UUID, mode: Mode) -> None:
    """Remember test or live for this session and the next ones."""
    in_transaction(lambda tx: _change(tx, UserSession.id == session_id, mode=mode.value))


def end(session_id: uuid.UUID) -> None:
    """Sign out here."""
    in_transaction(lambda tx: _end(tx, UserSession.id == session_id))


def end_all(tx: Tx, user_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
    """Sign a person out everywhere, in the caller's transaction; `but` is a session that stays."""
    _end(tx, UserSession.user_id == user_id, UserSession.id != but if but else None)


def _end(tx: Tx, *which: object) -> None:
    conditions = [each for each in which if each is not None]
    _change(tx, *conditions, UserSession.ended_at.is_(None), ended_at=runtime.current().clock.now(tx))


def _change(tx: Tx, *which: object, **values: object) -> None:
    tx.execute(update(UserSession).where(*which).values(**values))  # type: ignore[arg-type]  # SQL conditions


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
