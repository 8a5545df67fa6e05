"""Sign-in state on the server: a token of 256 bits in the cookie, its hash in the table, every session revocable."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from webapp.domain.permissions import PERMISSIONS, Permission, Role
from webapp.models import Grant, Mode, User, UserSession
from webapp.services import passwords, runtime
from webapp.services.unit_of_work import Tx, in_transaction

MONEY_ROLES = frozenset({Role.SUPPORT, Role.MERCHANT, Role.OWNER})
IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sends the request, and what they may do; read for every request (8.3.2)."""

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
    grants: Mapping[uuid.UUID, frozenset[Role]]

    def may(self, permission: Permission, shop_id: uuid.UUID) -> bool:
        """Whether a role in that shop carries the right."""
        return any(permission in PERMISSIONS[role] for role in self.grants.get(shop_id, ()))

    def shops_with(self, permission: Permission) -> frozenset[uuid.UUID]:
        """The shops in which the person has the right."""
        return frozenset(shop_id for shop_id in self.grants if self.may(permission, shop_id))


def start(tx: Tx, user_id: uuid.UUID, now: datetime) -> str:
    """Begin a session and return its token, which is stored only as a hash. The mode is the one last chosen."""
    last = select(UserSession.mode).where(UserSession.user_id == user_id).order_by(UserSession.created_at.desc())
    mode = tx.scalar(last.limit(1)) or Mode.LIVE
    token = secrets.token_urlsafe(32)
    tx.add(UserSession(user_id=user_id, token_hash=_hash(token), mode=mode, created_at=now, last_seen_at=now))
    tx.execute(update(User).where(User.id == user_id).values(last_seen_at=now))
    return token


_SESSION = (
    select(UserSession, User)
    .join(User, User.id == UserSession.user_id)
    .where(UserSession.token_hash == bindparam("of_token"), UserSession.ended_at.is_(None), User.disabled_at.is_(None))
)
_GRANTS = select(Grant.shop_id, Grant.role).where(Grant.user_id == bindparam("of_user"))
"""Asked by every request, so they are made once."""


def find(tx: Tx, token: str) -> SignedIn | None:
    """The person behind `token`; None when the session ended, lapsed or idled, or the person was disabled."""
    found = tx.execute(_SESSION, {"of_token": _hash(token)}).one_or_none()
    if found is None:
        return None
    session, user = found
    grants: dict[uuid.UUID, set[Role]] = {}
    for shop_id, role in tx.execute(_GRANTS, {"of_user": user.id}):
        grants.setdefault(shop_id, set()).add(role)
    now = runtime.current().clock.now(tx)
    has_money_role = any(roles & MONEY_ROLES for roles in grants.values())
    if now - session.created_at > LONGEST or (has_money_role and now - session.last_seen_at > IDLE):
        return None
    return SignedIn(
        session_id=session.id,
        user_id=user.id,
        email=user.email,
        name=user.name,
        language=user.language,
        time_zone=user.time_zone,
        mode=Mode(session.mode),
        has_totp=user.totp_secret is not None,
        must_choose_password=passwords.is_invite(user.password_hash),
        seen_at=session.last_seen_at,
        grants={shop_id: frozenset(roles) for shop_id, roles in grants.items()},
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
