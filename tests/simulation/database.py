"""The desk's database in memory: a copy of one template for every history, behind the real unit of work."""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.pool import StaticPool

from providers.infos import WEBHOOK_SECRET
from providers.kinds import ResolutionClass
from tests import factories
from tests.simulation.ids import seeded_ids
from tests.simulation.virtual_time import START, ProcessClock, VirtualTime
from webapp.models import Base, Mode, Order, OrderStatus, ProviderAccount, StatusKind
from webapp.services import runtime
from webapp.services.runtime import Runtime
from webapp.services.unit_of_work import in_transaction, prepare_engine
from webapp.services.vault import Vault, credential_place

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
AUDIT_KEY = b"audit-key-of-the-simulation"
PROVIDER_OF = {kind: f"sandbox_{kind.value.lower()}" for kind in ResolutionClass}


@dataclass(frozen=True)
class Template:
    """One shop with an account of each class, as the bytes of a database, and the ids in it."""

    engine: Engine
    raw: sqlite3.Connection
    image: bytes
    vault: Vault
    shop_id: uuid.UUID
    order_id: uuid.UUID
    user_id: uuid.UUID
    reason_id: uuid.UUID
    accounts: dict[ResolutionClass, uuid.UUID]


@cache
def template() -> Template:
    """Made once per process: the engine is shared too, because it remembers how statements are written."""
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    engine = create_engine("sqlite://", poolclass=StaticPool, creator=lambda: raw)
    prepare_engine(engine)
    Base.metadata.create_all(engine)
    vault = Vault([KEY])
    here = Runtime(engine, ProcessClock(VirtualTime()), vault, AUDIT_KEY, _NoProviders(), "template")
    with runtime.using(here), seeded_ids("template"):
        factories.ensure_single_rows()
        shop_id = factories.shop().id
        user_id = factories.user(shop_id).id
        order_id = _order(shop_id)
        accounts = {kind: _account(shop_id, name) for kind, name in PROVIDER_OF.items()}
        reason_id = factories.reason(shop_id)
    return Template(engine, raw, raw.serialize(), vault, shop_id, order_id, user_id, reason_id, accounts)


class _NoProviders:
    def open(self, keys: Any) -> Any:
        raise NotImplementedError

    def capabilities(self, provider: str) -> Any:
        raise NotImplementedError

    def hosts(self, provider: str) -> tuple[str, ...]:
        raise NotImplementedError

    def webhook_headers(self, provider: str) -> tuple[str, ...]:
        raise NotImplementedError


def _order(shop_id: uuid.UUID) -> uuid.UUID:
    query = select(OrderStatus).where(OrderStatus.shop_id == shop_id, OrderStatus.kind == StatusKind.PAID)
    status = in_transaction(lambda tx: tx.scalars(query).one())
    order = Order(
        id=uuid.uuid4(),
        shop_id=shop_id,
        mode=Mode.TEST,
        number="1001",
        status_id=status.id,
        currency="JPY",
        total_minor=1000,
        ordered_at=START,
        created_at=START,
    )
    factories.add(order)
    return order.id


def _account(shop_id: uuid.UUID, provider: str) -> uuid.UUID:
    account_id = uuid.uuid4()
    place = credential_place(account_id, provider, WEBHOOK_SECRET)
    row = ProviderAccount(
        id=account_id,
        shop_id=shop_id,
        provider=provider,
        mode=Mode.TEST,
        name=provider,
        host="sandbox",
        credentials={WEBHOOK_SECRET: runtime.current().vault.seal(webhook_secret(provider), place)},
        webhook_token=provider,
        settings={},
        created_at=START,
    )
    factories.add(row)
    return row.id


def webhook_secret(provider: str) -> str:
    """What an account and the bank share."""
    return f"secret of {provider}"


class Database:
    """The rows of one history, read beside the desk's own code and much faster."""

    def __init__(self, image: bytes) -> None:
        self._raw = template().raw
        self._raw.deserialize(image)
        self._raw.execute("PRAGMA foreign_keys=ON")
        self._changes_before = self._raw.total_changes

    @property
    def changes(self) -> int:
        """Grows with every row that changes."""
        return self._raw.total_changes - self._changes_before

    @property
    def in_transaction(self) -> bool:
        """Whether a unit of work is open."""
        return self._raw.in_transaction

    def rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """Plain rows."""
        return self._raw.execute(statement, values).fetchall()

    def image(self) -> bytes:
        """A backup."""
        return self._raw.serialize()

    def restore(self, image: bytes) -> None:
        """Put a backup in place of everything."""
        self._raw.deserialize(image)

    def has_word(self, now: datetime) -> bool:
        """Whether the relay would find something; asked first because histories are many."""
        return self.has_due("wake_ups where published_at is null and not_before", now)

    def has_due(self, moments: str, now: datetime) -> bool:
        """Whether one of these moments (table, condition, column) has come."""
        text = now.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        return bool(self.rows(f"select 1 from {moments} <= ? limit 1", (text,)))

    def next_due(self) -> datetime | None:
        """When the next operation is due; those that wait for another one count only if nothing else does."""
        (free, blocked) = self.rows(
            "select min(case when coalesce(blocked_by, '') not in ('other_operation', 'earlier_step') then due_at end),"
            " min(due_at) from operations"
        )[0]
        return _moment(free or blocked)

    def next_due_of_desk(self) -> datetime | None:
        """When the next message, run or mail is due."""
        (found,) = self.rows(
            "select (select min(due_at) from webhook_messages), (select min(due_at) from mails),"
            " (select min(coalesce(lease_until, not_before)) from job_runs where found_at is null and ended_at is null)"
        )
        return _moment(min((text for text in found if text is not None), default=None))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=START.tzinfo)
