"""Signing in: the same answer, status and time for unknown people; delays that grow but never lock anybody out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import delete, or_, select, update

from webapp.models import RateEvent, User, Via
from webapp.services import audit, passwords, rate_limits, runtime, sessions
from webapp.services.unit_of_work import Tx, in_transaction, reading
from webapp.services.vault import totp_place

ACCOUNT, ADDRESS = "sign_in_account", "sign_in_address"
FREE_FAILURES = 5
ACCOUNT_WINDOW = timedelta(minutes=15)
ADDRESS_LIMIT = 20
ADDRESS_WINDOW = timedelta(minutes=1)
FIRST_DELAY_S, LONGEST_DELAY_S = 5, 120
STEP_S = 30


class SignInRefused(Exception):
    """E-mail, password or code is wrong; which one is never said."""


class TooManyTries(Exception):
    """The next try is taken only after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class SignInCommand:
    """What the form holds; `code` is empty for people without a second step."""

    email: str
    password: str = field(repr=False)
    code: str = field(repr=False)
    address: str = field(repr=False)


def sign_in(command: SignInCommand) -> str:
    """The token of a new session. Raises SignInRefused or TooManyTries.

    The try is counted before the password is looked at, so that parallel guesses cannot slip by.
    """
    email = command.email.strip().lower()
    in_transaction(lambda tx: _count_try(tx, email, command.address))
    with reading() as tx:
        user = tx.scalar(select(User).where(User.email == email))
        stored = user.password_hash if user and user.disabled_at is None else None
        user_id = user.id if user else None
    fits = passwords.fits(stored, command.password)
    token = in_transaction(lambda tx: _finish(tx, user_id, email, stored, command.code)) if fits else None
    if token is None:
        raise SignInRefused
    return token


def accept_code(tx: Tx, user_id: uuid.UUID, secret: str, code: str, now: datetime) -> bool:
    """Whether `code` fits now or up to one step away; each step is accepted once, by compare-and-set."""
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP_S
    for step in (present, present - 1, present + 1):
        if pyotp.utils.strings_equal(totp.generate_otp(step), code):
            unused = or_(User.totp_last_step.is_(None), User.totp_last_step < step)
            taken = update(User).where(User.id == user_id, unused).values(totp_last_step=step).returning(User.id)
            return tx.scalar(taken) is not None
    return False


def _count_try(tx: Tx, email: str, address: str) -> None:
    account = rate_limits.stand_in_line(tx, ACCOUNT, email)
    place = rate_limits.stand_in_line(tx, ADDRESS, address)
    now = runtime.current().clock.now(tx)
    if rate_limits.count(tx, ADDRESS, place, now - ADDRESS_WINDOW) >= ADDRESS_LIMIT:
        raise TooManyTries(int(ADDRESS_WINDOW.total_seconds()))
    failures = rate_limits.count(tx, ACCOUNT, account, now - ACCOUNT_WINDOW)
    newest = rate_limits.newest(tx, ACCOUNT, account)
    if failures >= FREE_FAILURES and newest is not None:
        delay = min(FIRST_DELAY_S * 2 ** min(failures - FREE_FAILURES, 10), LONGEST_DELAY_S)
        wait = (newest + timedelta(seconds=delay) - now).total_seconds()
        if wait > 0:
            raise TooManyTries(max(1, round(wait)))
    rate_limits.add(tx, ACCOUNT, account, now)
    rate_limits.add(tx, ADDRESS, place, now)


def _finish(tx: Tx, user_id: uuid.UUID | None, email: str, stored: str | None, code: str) -> str | None:
    if user_id is None or stored is None:
        return None
    user = tx.get_one(User, user_id)
    now = runtime.current().clock.now(tx)
    if user.password_hash != stored or user.disabled_at is not None or passwords.has_lapsed(stored, now):
        return None
    if user.totp_secret is not None:
        secret = runtime.current().vault.open(user.totp_secret, totp_place(user.id))
        if not accept_code(tx, user.id, secret, "".join(code.split()), now):
            return None
    forgotten = rate_limits.stand_in_line(tx, ACCOUNT, email)
    tx.execute(delete(RateEvent).where(RateEvent.kind == ACCOUNT, RateEvent.subject == forgotten))
    token = sessions.start(tx, user.id, now)
    actor = audit.Actor(user.id, Via.WEB)
    audit.write(tx, actor, "person.signed_in", ("user", user.id), shop_id=None, details={}, at=now)
    return token
