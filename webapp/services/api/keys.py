"""Keys of the REST API: made and revoked by people, shown once, stored as a hash, and looked up at every request.

Nobody gives a key a right that they do not have themselves in each of its shops: an admin moves no money through it.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import select, update

from webapp.domain.permissions import API_RIGHTS, Permission
from webapp.models import ApiKey, ApiKeyShop, Mode, Shop, User, Via
from webapp.services import audit, runtime
from webapp.services.audit import Actor, Entry
from webapp.services.errors import KeyRefused, LimitReached, NoRight, NotFound, RuleBroken
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction, reading

REQUESTS_PER_MINUTE = 600
AT_ONCE_S = 10
"""Seconds' worth of requests that may come at once after a rest."""
SHOWN = 14


@dataclass(frozen=True, slots=True)
class Client:
    """Who sends a request to the API, and what they may do; read for every request (8.3.2)."""

    key_id: uuid.UUID
    name: str
    mode: Mode
    rights: frozenset[Permission]
    shops: frozenset[uuid.UUID]

    @property
    def actor(self) -> Actor:
        """For what it sets going."""
        return Actor(None, Via.API, self.key_id)


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """A key to make; `rights` are of API_RIGHTS."""

    name: str
    mode: Mode
    shop_ids: frozenset[uuid.UUID]
    rights: frozenset[Permission]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as its page lists it."""

    key: ApiKey
    shop_ids: Sequence[uuid.UUID]
    created_by: str

    @property
    def rights(self) -> Sequence[Permission]:
        """In the order of API_RIGHTS."""
        return [right for right in API_RIGHTS if right.value in self.key.rights]


def admit(token: str) -> Client:
    """Who holds this key, counting one request of theirs. Raises KeyRefused, LimitReached.

    The count is one moment in the key's row, the time by which all its requests are paid off at its rate; it moves in
    one transaction that holds the row, so it is exact under parallel requests and survives a flush of Redis.
    """
    with reading() as tx:
        key = _find(tx, token)
        _check_limit(key, runtime.current().clock.now(tx))
        client = _client(tx, key)
    in_transaction(lambda tx: _count(tx, client.key_id))
    return client


def _find(tx: Tx, token: str) -> ApiKey:
    key = tx.scalars(
        select(ApiKey).where(ApiKey.secret_hash == _hash(token), ApiKey.revoked_at.is_(None))
    ).one_or_none()
    if key is None:
        raise KeyRefused
    return key


def _client(tx: Tx, key: ApiKey) -> Client:
    shops = tx.scalars(select(ApiKeyShop.shop_id).where(ApiKeyShop.key_id == key.id)).all()
    rights = frozenset(right for right in API_RIGHTS if right.value in key.rights)
    return Client(key.id, key.name, key.mode, rights, frozenset(shops))


def _check_limit(key: ApiKey, now: datetime) -> None:
    ahead = max(key.free_at or now, now) - now - timedelta(seconds=AT_ONCE_S)
    if ahead > timedelta(0):
        raise LimitReached(max(1, ceil(ahead.total_seconds())))


def _count(tx: Tx, key_id: uuid.UUID) -> None:
    key = tx.scalars(select(ApiKey).where(ApiKey.id == key_id).with_for_update()).one()
    if key.revoked_at is not None:
        raise KeyRefused
    now = runtime.current().clock.now(tx)
    _check_limit(key, now)
    key.free_at = max(key.free_at or now, now) + timedelta(seconds=60 / key.requests_per_minute)
    key.last_used_at = now
    tx.flush()


def list_keys(tx: Tx, shop_ids: Collection[uuid.UUID]) -> Sequence[KeyRow]:
    """Keys that reach one of those shops, the newest first; of their shops only those."""
    of: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    named = select(ApiKeyShop).join(Shop, Shop.id == ApiKeyShop.shop_id).where(ApiKeyShop.shop_id.in_(shop_ids))
    for each in tx.scalars(named.order_by(Shop.name)):
        of[each.key_id].append(each.shop_id)
    keys = select(ApiKey, User.name).join(User, User.id == ApiKey.created_by).where(ApiKey.id.in_(of))
    return [
        KeyRow(key, of[key.id], name) for key, name in tx.execute(keys.order_by(ApiKey.created_at.desc(), ApiKey.id))
    ]


def grantable(actor: SignedIn) -> Mapping[Permission, frozenset[uuid.UUID]]:
    """The rights that the person can give to a key, each with the shops in which they can."""
    managed = actor.shops_with(Permission.MANAGE_API_KEYS)
    given = {right: actor.shops_with(right) & managed for right in API_RIGHTS}
    return {right: shops for right, shops in given.items() if shops}


def create(actor: SignedIn, command: KeyCommand) -> tuple[uuid.UUID, str]:
    """A new key; the second of the answer is the key itself, which is stored nowhere.

    Raises NoRight where the person may not give it, RuleBroken `key_without_shop` or `right_not_yours`.
    """
    if not command.shop_ids:
        raise RuleBroken("key_without_shop")
    allowed = grantable(actor)
    rights = command.rights | {Permission.VIEW}
    for shop_id in command.shop_ids:
        if not actor.may(Permission.MANAGE_API_KEYS, shop_id):
            raise NoRight(Permission.MANAGE_API_KEYS, shop_id)
    if any(not command.shop_ids <= allowed.get(right, frozenset()) for right in rights):
        raise RuleBroken("right_not_yours")
    token = f"pd_{command.mode.value}_{secrets.token_urlsafe(32)}"

    def work(tx: Tx) -> uuid.UUID:
        now = runtime.current().clock.now(tx)
        key = ApiKey(
            name=command.name,
            mode=command.mode,
            rights=sorted(right.value for right in rights),
            hint=token[:SHOWN],
            secret_hash=_hash(token),
            requests_per_minute=REQUESTS_PER_MINUTE,
            created_at=now,
            created_by=actor.user_id,
        )
        tx.add(key)
        tx.flush()
        tx.add_all(ApiKeyShop(key_id=key.id, shop_id=shop_id) for shop_id in command.shop_ids)
        tx.flush()
        details = {"name": command.name, "mode": command.mode.value, "rights": key.rights}
        _note(tx, actor, "api_key.created", key.id, command.shop_ids, details, now)
        return key.id

    return in_transaction(work), token


def revoke(actor: SignedIn, key_id: uuid.UUID) -> None:
    """End a key at once; what it asked for and was not sent yet is withdrawn when its turn comes (8.3.2).

    A second time changes nothing. Raises NotFound for a key of no shop in which the person manages keys, NoRight for
    one that also reaches other shops.
    """

    def work(tx: Tx) -> None:
        shops = frozenset(tx.scalars(select(ApiKeyShop.shop_id).where(ApiKeyShop.key_id == key_id)))
        managed = actor.shops_with(Permission.MANAGE_API_KEYS)
        if not shops & managed:
            raise NotFound(f"API key {key_id}")
        if not shops <= managed:
            raise NoRight(Permission.MANAGE_API_KEYS)
        now = runtime.current().clock.now(tx)
        ended = tx.scalar(
            update(ApiKey)
            .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
            .values(revoked_at=now, revoked_by=actor.user_id)
            .returning(ApiKey.name)
        )
        if ended is not None:
            _note(tx, actor, "api_key.revoked", key_id, shops, {"name": ended}, now)

    in_transaction(work)


def _note(
    tx: Tx,
    actor: SignedIn,
    action: str,
    key_id: uuid.UUID,
    shops: Collection[uuid.UUID],
    details: Mapping[str, object],
    now: datetime,
) -> None:
    """An entry in each of the shops, so that each shop's audit tells who may do what there."""
    entries = [Entry(action, ("api_key", key_id), shop_id, details) for shop_id in sorted(shops)]
    audit.write_many(tx, Actor(actor.user_id, Via.WEB), entries, now)


def _hash(token: str) -> str:
    """A key has 256 random bits, so a plain digest cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()
