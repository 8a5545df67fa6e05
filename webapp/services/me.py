"""What people change about themselves: language, zone, password, second step."""

from __future__ import annotations

import uuid

import pyotp

from webapp.models import User, Via
from webapp.services import audit, passwords, runtime, sessions
from webapp.services.editing import change
from webapp.services.errors import RuleBroken
from webapp.services.sessions import SignedIn
from webapp.services.sign_in import accept_code
from webapp.services.unit_of_work import Tx, in_transaction, reading
from webapp.services.vault import VaultError, totp_place

ISSUER = "Paydesk"


def edit(actor: SignedIn, version: int, *, language: str, time_zone: str) -> None:
    """Change language and time zone. Raises StaleVersion."""

    def work(tx: Tx) -> None:
        change(tx, User, actor.user_id, version, language=language, time_zone=time_zone)
        _note(tx, actor, "me.changed", {"language": language, "time_zone": time_zone})

    in_transaction(work)


def choose_password(actor: SignedIn, old: str, new: str) -> str:
    """Set a new password, end every session, and return the token of a fresh one.

    Raises RuleBroken("wrong_password", "too_short", "too_long" or "too_weak").
    """
    passwords.check_new(new, about=(actor.email, actor.email.partition("@")[0], actor.name))
    with reading() as tx:
        stored = tx.get_one(User, actor.user_id).password_hash
    if not passwords.fits(stored, old):
        raise RuleBroken("wrong_password")
    fresh = passwords.hash_password(new)

    def work(tx: Tx) -> str:
        user = tx.get_one(User, actor.user_id)
        if user.password_hash != stored:
            raise RuleBroken("wrong_password")
        user.password_hash = fresh
        tx.flush()
        sessions.end_all(tx, actor.user_id)
        token = sessions.start(tx, actor.user_id, runtime.current().clock.now(tx))
        _note(tx, actor, "me.password", {})
        return token

    return in_transaction(work)


def new_totp(actor: SignedIn) -> str:
    """A sealed secret for a second step that is not in force yet; it waits in the session for its first code."""
    return runtime.current().vault.seal(pyotp.random_base32(), totp_place(actor.user_id))


def totp_address(actor: SignedIn, sealed: str) -> tuple[str, str]:
    """The otpauth address for the picture, and the secret for typing. VaultError when `sealed` is not the actor's."""
    secret = runtime.current().vault.open(sealed, totp_place(actor.user_id))
    return pyotp.TOTP(secret).provisioning_uri(name=actor.email, issuer_name=ISSUER), secret


def confirm_totp(actor: SignedIn, sealed: str, code: str) -> None:
    """Put the second step in force with its first code; other sessions end. Raises RuleBroken("wrong_code")."""
    try:
        secret = runtime.current().vault.open(sealed, totp_place(actor.user_id))
    except VaultError:
        raise RuleBroken("wrong_code") from None

    def work(tx: Tx) -> None:
        user = tx.get_one(User, actor.user_id)
        user.totp_last_step = None
        tx.flush()
        if not accept_code(tx, user.id, secret, code, runtime.current().clock.now(tx)):
            raise RuleBroken("wrong_code")
        user.totp_secret = sealed
        tx.flush()
        sessions.end_all(tx, actor.user_id, but=actor.session_id)
        _note(tx, actor, "me.second_step_on", {})

    in_transaction(work)


def remove_totp(actor: SignedIn, password: str, code: str) -> None:
    """Take the second step away; needs both steps. Raises RuleBroken("wrong_password" or "wrong_code")."""
    with reading() as tx:
        stored = tx.get_one(User, actor.user_id).password_hash
    if not passwords.fits(stored, password):
        raise RuleBroken("wrong_password")

    def work(tx: Tx) -> None:
        user = tx.get_one(User, actor.user_id)
        here = runtime.current()
        secret = here.vault.open(user.totp_secret, totp_place(user.id)) if user.totp_secret else None
        if secret is None or not accept_code(tx, user.id, secret, code, here.clock.now(tx)):
            raise RuleBroken("wrong_code")
        user.totp_secret = None
        tx.flush()
        _note(tx, actor, "me.second_step_off", {})

    in_transaction(work)


def sign_out_everywhere(user_id: uuid.UUID) -> None:
    """End every session of the person."""
    in_transaction(lambda tx: sessions.end_all(tx, user_id))


def _note(tx: Tx, actor: SignedIn, action: str, details: dict[str, object]) -> None:
    who, now = audit.Actor(actor.user_id, Via.WEB), runtime.current().clock.now(tx)
    audit.write(tx, who, action, ("user", actor.user_id), shop_id=None, details=details, at=now)
