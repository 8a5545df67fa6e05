"""Passwords: Argon2id, the rules for new ones, and one-time codes for people who have none yet."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webapp.services.errors import RuleBroken

SHORTEST, LONGEST = 15, 128
FEWEST_DIFFERENT = 6
INVITE = "invite:"
INVITE_LASTS = timedelta(days=7)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
_COMMON = (
    "123456789012345",
    "1234567890123456",
    "passwordpassword",
    "password12345678",
    "qwertyuiopasdfgh",
    "qwertyuiop123456",
    "iloveyouiloveyou",
    "correcthorsebatterystaple",
    "administrator123",
)
_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(24))


def warm_up() -> None:
    """Make the stand-in hash before the first sign-in, so that an unknown user costs what a known one does."""
    _nobody()


def hash_password(password: str) -> str:
    """Argon2id with the library's present parameters."""
    return _hasher.hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; takes as long for nobody (None) as for somebody (6.3.8)."""
    try:
        return _hasher.verify(_bare(stored) if stored else _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_weak(password: str, *, about: tuple[str, ...] = ()) -> bool:
    """Whether a password of legal length is one that guessers try first; `about` are the person's own words."""
    plain = password.casefold()
    if plain in _COMMON or len(set(plain)) < FEWEST_DIFFERENT:
        return True
    return any(word and word.casefold() in plain for word in about)


def check_new(password: str, *, about: tuple[str, ...]) -> None:
    """RuleBroken("too_short", "too_long" or "too_weak") for a password that may not be chosen (6.2.x)."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise RuleBroken("too_short" if len(password) < SHORTEST else "too_long")
    if is_weak(password, about=about):
        raise RuleBroken("too_weak")


def new_invite(now: datetime) -> tuple[str, str]:
    """A one-time code (60 bits and more) and what is stored of it; the code is shown once."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))
    code = "-".join(groups)
    until = int((now + INVITE_LASTS).timestamp())
    return code, f"{INVITE}{until}:{_hasher.hash(code)}"


def is_invite(stored: str) -> bool:
    """Whether the person still has to choose a password."""
    return stored.startswith(INVITE)


def has_lapsed(stored: str, now: datetime) -> bool:
    """Whether the one-time code behind `stored` is too old; a chosen password never lapses."""
    return is_invite(stored) and now.timestamp() > int(stored.split(":", 2)[1])


def _bare(stored: str) -> str:
    return stored.split(":", 2)[2] if is_invite(stored) else stored
