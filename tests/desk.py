"""A desk without its pages: the services on a real database, with the emulator behind the port."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import create_engine, select, text, update
from sqlalchemy.orm import Session

from providers import registry
from providers.kinds import OperationKind
from providers.planning import WishKind
from tests import factories
from tests.emulator import EmulatorClient
from webapp.formatting.mail_texts import Writer
from webapp.models import Attempt, Operation, Payment, ProviderAccount, Via
from webapp.services import accounts, runtime, verify
from webapp.services.audit import Actor
from webapp.services.clock import DatabaseClock
from webapp.services.mails.letters import Post
from webapp.services.operations import running
from webapp.services.operations.planning import PlannedWish, file_wish
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.providers import RegistryProviders
from webapp.services.runtime import Runtime
from webapp.services.unit_of_work import in_transaction, prepare_engine
from webapp.services.vault import Vault
from webapp.setting_values import smtp_server

NO_MAIL_SERVER = "smtp://127.0.0.1:1"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class MovableClock(DatabaseClock):
    """The database's clock, moved forward by tests; wall and monotonic move with it."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        self.wall_jump = timedelta(0)  # of the machine's clock alone

    def now(self, tx: Session) -> datetime:
        """UTC, moved."""
        return super().now(tx) + self.ahead

    def wall(self) -> datetime:
        """UTC, moved."""
        return super().wall() + self.ahead + self.wall_jump

    def monotonic(self) -> float:
        """Seconds, moved."""
        return super().monotonic() + self.ahead.total_seconds()


class AsWished(Exception):
    """Nothing was filed: the payment is already as it was wished."""


@dataclass
class Desk:
    """One shop with one KOMOJU account and one merchant; what tests do and look at."""

    emulator: EmulatorClient
    clock: MovableClock
    shop_id: uuid.UUID = field(default_factory=uuid.uuid4)
    account_id: uuid.UUID = field(default_factory=uuid.uuid4)
    user_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def actor(self) -> Actor:
        """The merchant, in the browser."""
        return Actor(self.user_id, Via.WEB)

    def payment(self, amount_minor: int = 3300, **fields: Any) -> uuid.UUID:
        """A payment at the emulator (captured card by default), taken into the desk."""
        number = fields.pop("order_number", uuid.uuid4().hex[:10])
        provider_ref = self.emulator.payment(amount_minor, order_number=number, **fields)
        add_payment(
            Addition(actor=self.actor, shop_id=self.shop_id, account_id=self.account_id, provider_ref=provider_ref)
        )
        query = select(Payment.id).where(Payment.provider_ref == provider_ref)
        return in_transaction(lambda tx: tx.execute(query).scalar_one())

    def ask(
        self,
        payment_id: uuid.UUID,
        amount_minor: int | None = None,
        kind: OperationKind = OperationKind.REFUND,
        **more: Any,
    ) -> uuid.UUID:
        """File a wish of one operation, which stays as it is; answers the operation. AsWished where there is none."""
        values: dict[str, Any] = {
            "actor": self.actor,
            "shop_id": self.shop_id,
            "payment_id": payment_id,
            "kind": WishKind(kind.value),
            "as_found": True,
            "request_id": uuid.uuid4(),
            "amount_minor": amount_minor,
            "reason_id": factories.reason(self.shop_id),
        }
        filed = file_wish(PlannedWish(**(values | more)))
        if not filed.operation_ids:
            raise AsWished(filed.why_not)
        [operation_id] = filed.operation_ids
        return operation_id

    def run(self, operation_id: uuid.UUID) -> bool:
        """What a worker does with a wake-up."""
        return running.run_operation(operation_id)

    def later(self, **span: float) -> None:
        """Move our clock and the emulator's forward, in steps that look like no jump of the clock."""
        step = timedelta(**span)
        self.clock.ahead += step
        self.emulator.advance(step.total_seconds())

    def operation(self, operation_id: uuid.UUID) -> Operation:
        """The row as it is now."""
        return in_transaction(lambda tx: tx.get_one(Operation, operation_id))

    def row(self, payment_id: uuid.UUID) -> Payment:
        """The payment as it is now."""
        return in_transaction(lambda tx: tx.get_one(Payment, payment_id))

    def make_due(self, operation_id: uuid.UUID) -> None:
        """Have an operation looked at now, without moving the clock."""
        early = factories.LONG_AGO
        query = update(Operation).where(Operation.id == operation_id).values(due_at=early)
        in_transaction(lambda tx: tx.execute(query))

    def run_now(self, operation_id: uuid.UUID) -> Operation:
        """Have a worker look at an operation at once; the row after it."""
        self.make_due(operation_id)
        self.run(operation_id)
        return self.operation(operation_id)

    def attempts(self, operation_id: uuid.UUID) -> Sequence[Attempt]:
        """The calls made for an operation, first one first."""
        query = select(Attempt).where(Attempt.operation_id == operation_id).order_by(Attempt.fence)
        return in_transaction(lambda tx: tx.scalars(query).all())

    def account(self) -> ProviderAccount:
        """The account's row as it is now."""
        return in_transaction(lambda tx: tx.get_one(ProviderAccount, self.account_id))

    def raw(self, *statements: str) -> None:
        """SQL behind everybody's back."""

        def work(tx: Session) -> None:
            for statement in statements:
                tx.execute(text(statement))

        in_transaction(work)

    def drop_guards(self) -> None:
        """Take the append-only triggers away, as somebody with the database's own rights could."""
        on_table = " on {}" if self.is_postgresql else ""
        for table in ("movements", "audit_entries"):
            for name in ("no_update", "no_delete"):
                self.raw(f"drop trigger {table}_{name}" + on_table.format(table))

    @property
    def is_postgresql(self) -> bool:
        """Which of the two databases it is."""
        return runtime.current().engine.dialect.name == "postgresql"

    def change(self, row: type[Any], row_id: Any, **values: Any) -> None:
        """Write into a row behind the engine's back."""
        query = update(row).where(row.id == row_id).values(values)
        in_transaction(lambda tx: tx.execute(query))

    def use_mail_server(self, address: str) -> None:
        """Hand mails over at `smtp://HOST:PORT` from now on."""
        here = runtime.current()
        runtime.install(replace(here, post=replace(runtime.post(), server=smtp_server(address))))

    def effects(self, payment_id: uuid.UUID, kind: str = "refund") -> list[dict[str, Any]]:
        """What really happened at the provider."""
        return self.emulator.effects(self.row(payment_id).provider_ref, kind)

    def assert_books_are_whole(self) -> None:
        """The verifier and the emulator find nothing wrong."""
        assert list(verify.problems()) == []
        assert self.emulator.ledger()["broken"] == []


@contextmanager
def open_desk(database_url: str, emulator: EmulatorClient, secret_key: str = "sk_test_example") -> Iterator[Desk]:
    """A desk on one database, as the process-wide runtime (so that threads of a test share it)."""
    engine = create_engine(database_url, pool_size=20)
    prepare_engine(engine)
    clock = MovableClock()
    here = Runtime(
        engine=engine,
        clock=clock,
        vault=Vault([KEY]),
        audit_key=b"audit-key-of-the-tests",
        providers=RegistryProviders({name: emulator.url_of(name) for name in registry.PROVIDERS}),
        owner="test",
        post=Post(smtp_server(NO_MAIL_SERVER), "desk@paydesk.test", "https://desk.test", Writer()),
    )
    runtime.install(here)
    factories.ensure_single_rows()
    desk = Desk(emulator, clock)
    emulator.account(secret_key)
    desk.shop_id = factories.shop().id
    desk.account_id = factories.account(desk.shop_id, secret_key).id
    desk.user_id = factories.user(desk.shop_id).id
    try:
        yield desk
    finally:
        accounts.close_open()
        engine.dispose()
