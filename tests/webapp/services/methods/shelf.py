"""An account whose provider answers what a test says, and what is stored of its methods."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from providers.snapshots import MethodOffer
from tests import factories
from tests.desk import Desk
from webapp.domain.permissions import Role
from webapp.models import AuditEntry, PaymentMethod
from webapp.services import runtime, sessions
from webapp.services.methods.listing import in_order
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction

Key = tuple[str, str]


@dataclass
class SayingProvider:
    """Stands behind the port as the provider of every account: says `answer`, or raises it."""

    answer: Sequence[MethodOffer] | BaseException = ()

    def open(self, _keys: object) -> Any:
        """Itself."""
        return self

    def fetch_methods(self) -> Sequence[MethodOffer]:
        """No transaction of this process is open while the provider is asked (I4)."""
        pool: Any = runtime.current().engine.pool
        assert pool.checkedout() == 0
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def saying() -> Iterator[SayingProvider]:
    """A provider whose answers the test chooses."""
    provider = SayingProvider()
    with runtime.using(replace(runtime.current(), providers=provider)):  # type: ignore[arg-type]  # a part of it
        yield provider


def offer(slug: str, currency: str = "JPY", **more: Any) -> MethodOffer:
    """One method of a list."""
    return MethodOffer(slug, currency, {"en": slug.title()}, **more)


def stored(account_id: uuid.UUID) -> list[PaymentMethod]:
    """The account's methods in the merchant's order."""
    return in_transaction(lambda tx: list(in_order(tx, [account_id])))


def keys(account_id: uuid.UUID) -> list[Key]:
    """Their keys in that order."""
    return [(row.slug, row.currency) for row in stored(account_id)]


def person(desk: Desk, role: Role = Role.ADMIN, shop_id: uuid.UUID | None = None) -> SignedIn:
    """Somebody with that role in the desk's shop, signed in."""
    user_id = factories.user(shop_id or desk.shop_id, role).id

    def work(tx: Tx) -> SignedIn:
        token = sessions.start(tx, user_id, runtime.current().clock.now(tx))
        tx.flush()
        found = sessions.find(tx, token)
        assert found is not None
        return found

    return in_transaction(work)


def audited(action: str) -> list[Any]:
    """The details of the audit entries of that kind, oldest first."""
    query = select(AuditEntry.details).where(AuditEntry.action == action).order_by(AuditEntry.number)
    return in_transaction(lambda tx: list(tx.scalars(query)))
