"""People, their roles per shop, and who can help whom."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from webapp.domain.permissions import Permission, Role, roles_with
from webapp.models import Grant, User, Via
from webapp.services import audit, passwords, runtime, sessions
from webapp.services.editing import change
from webapp.services.errors import NoRight, RuleBroken
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction

MOST_NAMED = 10
OWNERS_GIVE = frozenset({Role.ADMIN, Role.OWNER})


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


def owners(tx: Tx) -> Sequence[User]:
    """Everybody who may sign in and owns a shop, by address: whom the desk tells what belongs to no shop."""
    owning = select(Grant.user_id).where(Grant.role == Role.OWNER)
    return tx.scalars(select(User).where(User.id.in_(owning), User.disabled_at.is_(None)).order_by(User.email)).all()


@dataclass(frozen=True, slots=True)
class PersonCommand:
    """A colleague to invite: who, and the first role in one shop."""

    name: str
    email: str
    language: str
    time_zone: str
    shop_id: uuid.UUID
    roles: tuple[Role, ...]


def visible(tx: Tx, shops: Collection[uuid.UUID]) -> Sequence[User]:
    """Everybody with a role in one of those shops, by name."""
    there = select(Grant.user_id).where(Grant.shop_id.in_(shops))
    return tx.scalars(select(User).where(User.id.in_(there)).order_by(User.name, User.email)).all()


def grants_of(tx: Tx, users: Collection[uuid.UUID], shops: Collection[uuid.UUID]) -> Sequence[Grant]:
    """Their roles in those shops."""
    return tx.scalars(select(Grant).where(Grant.user_id.in_(users), Grant.shop_id.in_(shops))).all()


def invite(actor: SignedIn, command: PersonCommand) -> tuple[uuid.UUID, str]:
    """A new person with a one-time code, which is returned once and stored only as a hash.

    Raises NoRight, or RuleBroken("email_taken").
    """
    for role in command.roles:
        _check_grant(actor, command.shop_id, role)

    def work(tx: Tx) -> tuple[uuid.UUID, str]:
        user_id, code = add_person(tx, command, actor.user_id)
        details = {"roles": [role.value for role in command.roles], "person": audit.personal(command.email)}
        _note(tx, actor, "person.invited", user_id, shop_id=command.shop_id, details=details)
        return user_id, code

    return in_transaction(work)


def add_by_operator(command: PersonCommand, password: str | None) -> str | None:
    """A person added on the command line: with a password, or with a one-time code, which is returned.

    Raises RuleBroken("email_taken", "too_short", "too_long" or "too_weak").
    """
    if password is not None:
        passwords.check_new(password, about=(command.email, command.name))
    stored = passwords.hash_password(password) if password is not None else None

    def work(tx: Tx) -> str | None:
        user_id, code = add_person(tx, command, None)
        if stored is not None:
            tx.get_one(User, user_id).password_hash = stored
            tx.flush()
        details = {"roles": [role.value for role in command.roles], "person": audit.personal(command.email)}
        now = runtime.current().clock.now(tx)
        subject = ("user", user_id)
        audit.write(tx, audit.SYSTEM, "person.added", subject, shop_id=command.shop_id, details=details, at=now)
        return None if stored is not None else code

    return in_transaction(work)


def add_person(tx: Tx, command: PersonCommand, by: uuid.UUID | None) -> tuple[uuid.UUID, str]:
    """The rows of a new person in the caller's transaction; the id and the one-time code."""
    if tx.scalar(select(User.id).where(User.email == command.email)):
        raise RuleBroken("email_taken")
    now = runtime.current().clock.now(tx)
    code, stored = passwords.new_invite(now)
    user = User(
        email=command.email,
        name=command.name,
        password_hash=stored,
        language=command.language,
        time_zone=command.time_zone,
        created_by=by,
        created_at=now,
    )
    tx.add(user)
    tx.flush()
    for role in command.roles:
        tx.add(Grant(user_id=user.id, shop_id=command.shop_id, role=role, granted_by=by, granted_at=now))
    tx.flush()
    return user.id, code


def set_roles(actor: SignedIn, user_id: uuid.UUID, version: int, shop_id: uuid.UUID, roles: Collection[Role]) -> None:
    """The roles of a person in one shop are these from now on; a change ends their sessions.

    Raises StaleVersion, NoRight, RuleBroken("last_owner").
    """

    def work(tx: Tx) -> None:
        mine = Grant.user_id == user_id, Grant.shop_id == shop_id
        present = {grant.role: grant for grant in tx.scalars(select(Grant).where(*mine))}
        for role in set(roles) ^ present.keys():
            _check_grant(actor, shop_id, role)
        change(tx, User, user_id, version)
        now = runtime.current().clock.now(tx)
        for role in present.keys() - set(roles):
            tx.delete(present[role])
        for role in set(roles) - present.keys():
            tx.add(Grant(user_id=user_id, shop_id=shop_id, role=role, granted_by=actor.user_id, granted_at=now))
        tx.flush()
        _keep_an_owner(tx, [shop_id])
        if set(roles) != present.keys():
            sessions.end_all(tx, user_id, but=actor.session_id)
        details = {"roles": [sorted(each.value for each in which) for which in (present, roles)]}
        _note(tx, actor, "person.roles", user_id, shop_id=shop_id, details=details)

    in_transaction(work)


def disable(actor: SignedIn, user_id: uuid.UUID, version: int, *, disabled: bool) -> None:
    """Shut a person out at once, or let them in again.

    Raises StaleVersion, NoRight, RuleBroken("yourself" or "last_owner").
    """
    if user_id == actor.user_id:
        raise RuleBroken("yourself")

    def work(tx: Tx) -> None:
        shops = _check_whole_person(tx, actor, user_id)
        at = runtime.current().clock.now(tx) if disabled else None
        change(tx, User, user_id, version, disabled_at=at)
        _keep_an_owner(tx, shops)
        if disabled:
            sessions.end_all(tx, user_id)
        _note(tx, actor, "person.disabled" if disabled else "person.enabled", user_id, shop_id=None, details={})

    in_transaction(work)


def renew_invite(actor: SignedIn, user_id: uuid.UUID, version: int) -> str:
    """A new one-time code for somebody who lost the password; a second step stays in force.

    Raises StaleVersion, NoRight, RuleBroken("yourself").
    """
    if user_id == actor.user_id:
        raise RuleBroken("yourself")

    def work(tx: Tx) -> str:
        _check_whole_person(tx, actor, user_id)
        code, stored = passwords.new_invite(runtime.current().clock.now(tx))
        change(tx, User, user_id, version, password_hash=stored)
        sessions.end_all(tx, user_id)
        _note(tx, actor, "person.code_renewed", user_id, shop_id=None, details={})
        return code

    return in_transaction(work)


def may_grant(actor: SignedIn, shop_id: uuid.UUID, role: Role) -> bool:
    """Whether the actor may give or take that role in that shop; admins and owners are made by owners only."""
    needed = Permission.MANAGE_OWNERS if role in OWNERS_GIVE else Permission.MANAGE_PEOPLE
    return actor.may(needed, shop_id)


def _check_grant(actor: SignedIn, shop_id: uuid.UUID, role: Role) -> None:
    if not may_grant(actor, shop_id, role):
        needed = Permission.MANAGE_OWNERS if role in OWNERS_GIVE else Permission.MANAGE_PEOPLE
        raise NoRight(needed, shop_id)


def _check_whole_person(tx: Tx, actor: SignedIn, user_id: uuid.UUID) -> set[uuid.UUID]:
    """What touches a sign-in as a whole needs the right over every role that the person has."""
    grants = tx.scalars(select(Grant).where(Grant.user_id == user_id)).all()
    if not grants and not actor.shops_with(Permission.MANAGE_OWNERS):
        raise NoRight(Permission.MANAGE_OWNERS)
    for grant in grants:
        _check_grant(actor, grant.shop_id, grant.role)
    return {grant.shop_id for grant in grants}


def _keep_an_owner(tx: Tx, shops: Collection[uuid.UUID]) -> None:
    for shop_id in shops:
        owners = (
            select(User.id)
            .join(Grant, Grant.user_id == User.id)
            .where(Grant.shop_id == shop_id, Grant.role == Role.OWNER, User.disabled_at.is_(None))
        )
        if tx.scalar(owners.limit(1)) is None:
            raise RuleBroken("last_owner")


def _note(
    tx: Tx,
    actor: SignedIn,
    action: str,
    user_id: uuid.UUID,
    *,
    shop_id: uuid.UUID | None,
    details: Mapping[str, object],
) -> None:
    who, now = audit.Actor(actor.user_id, Via.WEB), runtime.current().clock.now(tx)
    audit.write(tx, who, action, ("user", user_id), shop_id=shop_id, details=details, at=now)
