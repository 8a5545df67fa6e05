"""A desk whose programs are real processes: start, strike, restart, wait until quiet, compare the books."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from providers import registry
from providers.kinds import OperationKind
from tests import factories
from tests.desk import KEY, Desk, open_desk
from tests.emulator import EmulatorClient
from tests.kills import ageing
from tests.kills.blows import Blow
from tests.kills.programs import Program, Starter, until
from tests.redis_server import RedisServer
from webapp.config import load_settings
from webapp.domain.operations import NOT_TERMINAL, OperationState
from webapp.models import Attempt, Operation, Payment, WakeUp
from webapp.services import runtime, verify
from webapp.services.unit_of_work import Tx, in_transaction

SECRET = "kills-only-" + "x7Kq2mPz" * 4
A_WHILE = timedelta(minutes=45)
SAME_AS = {"lower": "cancel"}
"""Effects that are another's by what they do: a lower total releases what it no longer needs."""
ACCEPTED = "credit_waiting"
"""A bank has taken a credit and nothing has moved yet, as by a task that was taken (without an amount)."""


@dataclass
class World:
    """One database, one Redis, one emulator, and the programs on them."""

    desk: Desk
    starter: Starter
    redis: RedisServer
    folder: Path
    env: dict[str, str]
    programs: list[Program] = field(default_factory=list)

    def start(self, role: str, blow: Blow | None = None, **knobs: str) -> Program:
        """Start a program, to be struck or to live; knobs in lower case, without KILLS_."""
        folder = self.folder / f"{role}-{len(self.programs)}"
        folder.mkdir()
        env = self.env | {"KILLS_LOG": str(folder / "log")} | {f"KILLS_{k.upper()}": v for k, v in knobs.items()}
        if blow is not None:
            env |= blow.environment(folder)
        program = Program(role, self.starter.start(role, env), folder)
        self.programs.append(program)
        return program

    def worker(self, blow: Blow | None = None, **knobs: str) -> Program:
        """A worker on money whose poller looks often."""
        return self.start("worker", blow, **({"poll_s": "0.2"} | knobs))

    def clerk(self, blow: Blow | None = None, **knobs: str) -> Program:
        """A worker on all that is not money: jobs, messages of providers, mails. The dead lose their leases soon."""
        usual = {"poll_s": "0.2", "lease_s": "3", "reads_apart_s": "1"}
        return self.start("default", blow, **(usual | knobs))

    def payment(self, kind: OperationKind, amount_minor: int = 3300) -> uuid.UUID:
        """A payment of which such an operation may be asked."""
        fields = {} if kind is OperationKind.REFUND else {"capture": "manual"}
        return self.desk.payment(amount_minor, **fields)

    def ask(self, payment_id: uuid.UUID, kind: OperationKind, amount_minor: int | None = None) -> uuid.UUID:
        """File an operation from this process."""
        return self.desk.ask(payment_id, amount_minor, kind)

    def file(self, payment_id: uuid.UUID, kind: OperationKind, request: uuid.UUID, blow: Blow | None) -> Program:
        """File one from a process of its own, and wait until that has ended or died."""
        wish = {
            "user": str(self.desk.user_id),
            "shop": str(self.desk.shop_id),
            "payment": str(payment_id),
            "kind": kind.value,
            "request": str(request),
            "amount_minor": None,
            "reason": str(factories.reason(self.desk.shop_id)),
        }
        program = self.start("file", blow, wish=json.dumps(wish))
        until(lambda: not program.runs, 20, "the filing process ends")
        return program

    def attempts(self, operation_id: uuid.UUID) -> int:
        """How many calls were made or begun for an operation."""
        query = select(func.count()).select_from(Attempt).where(Attempt.operation_id == operation_id)
        return in_transaction(lambda tx: int(tx.execute(query).scalar_one()))

    def published(self, operation_id: uuid.UUID) -> bool:
        """Whether the relay has handed over the wake-up."""
        query = select(WakeUp.id).where(WakeUp.row_id == operation_id, WakeUp.published_at.is_not(None))
        return in_transaction(lambda tx: tx.execute(query).first() is not None)

    def until_struck(self, program: Program, seconds: float = 30.0) -> None:
        """Let time pass until the blow falls, and the struck process is dead or frozen."""
        deadline = time.monotonic() + seconds
        while program.struck is None:
            assert time.monotonic() < deadline, f"no blow fell: {self.tell()}"
            self.pass_time()
            time.sleep(0.1)

    def until_dead(self, program: Program, seconds: float = 30.0) -> None:
        """Until the blow has killed the program."""
        self.until_struck(program, seconds)
        until(lambda: not program.runs, 10, "the struck program dies")

    def stop(self, role: str) -> None:
        """Kill all programs of a role."""
        for program in self.programs:
            if program.role == role:
                program.kill()

    def pass_time(self) -> None:
        """Let a minute pass for every row that no living process works on, and for the provider."""
        in_transaction(ageing.age)
        self.desk.emulator.advance(ageing.STEP.total_seconds())

    @contextmanager
    def a_while_ago(self) -> Iterator[None]:
        """What is done within was done up to three quarters of an hour ago, before there were other processes."""
        clock = self.desk.clock
        clock.ahead = -A_WHILE
        yield
        assert clock.ahead <= timedelta(0)
        clock.ahead = timedelta(0)

    def until_quiet(self, seconds: float = 40.0, *, review_too: bool = False) -> None:
        """Let time pass until every operation has ended; with `review_too` what is left for people counts as well."""
        deadline = time.monotonic() + seconds
        waited_for = NOT_TERMINAL - ({OperationState.REVIEW} if review_too else set())
        while in_transaction(lambda tx: _any_in(tx, waited_for)):
            assert time.monotonic() < deadline, f"not quiet: {self.tell()}"
            self.pass_time()
            time.sleep(0.15)

    def assert_books_agree(self) -> None:
        """Our books and the provider's ledger say the same, and neither finds a rule broken (I1, I2, I9)."""
        ledger = self.desk.emulator.ledger()
        assert ledger["broken"] == []
        assert list(verify.problems()) == []
        shown = {payment["reference"]: payment for payment in ledger["payments"]}
        for row in in_transaction(lambda tx: tx.scalars(select(Payment)).all()):
            theirs = shown[row.provider_ref]
            for name in ("captured_minor", "cancelled_minor", "refunded_minor"):
                assert getattr(row, name) == theirs[name], (row.provider_ref, name, getattr(row, name), theirs)
        effects = sorted(
            (effect["reference"], SAME_AS.get(effect["kind"], effect["kind"]), effect["amount_minor"])
            for effect in ledger["effects"]
            if effect["source"] == "api" and effect["kind"] != ACCEPTED and effect["amount_minor"]
        )
        done = in_transaction(_done)
        assert effects == done, f"{effects} at the provider, {done} here\n{self.tell()}"

    def tell(self) -> str:
        """Every operation's standing, and what the programs said last."""
        rows = in_transaction(lambda tx: tx.scalars(select(Operation)).all())
        lines = [
            f"{row.kind} {row.state} due {row.due_at} fence {row.fence} by {row.lease_owner} {row.lease_until}"
            f" {row.provider_code} {row.provider_message} blocked {row.blocked_by}"
            for row in rows
        ]
        logs = [
            f"{p.role} {p.pid} struck {p.struck}: {(p.folder / 'log').read_text()[-1500:]}" for p in self.programs[-4:]
        ]
        return "\n".join(lines + logs)

    def end(self) -> None:
        """Kill whatever still runs."""
        for program in self.programs:
            program.kill()


def _any_in(tx: Tx, states: Collection[OperationState]) -> bool:
    return tx.execute(select(Operation.id).where(Operation.state.in_(states)).limit(1)).first() is not None


def _done(tx: Tx) -> list[tuple[str, str, int]]:
    rows = tx.execute(
        select(Payment.provider_ref, Operation.kind, Operation.raises, Operation.amount_minor)
        .join(Payment, Payment.id == Operation.payment_id)
        .where(Operation.state == OperationState.SUCCEEDED)
    )
    return sorted((reference, _moved(kind, raises=raises), amount) for reference, kind, raises, amount in rows)


def _moved(kind: OperationKind, *, raises: bool) -> str:
    if kind is not OperationKind.UPDATE:
        return kind.value
    return "raise" if raises else "cancel"


@contextmanager
def open_world(
    database_url: str, starter: Starter, redis: RedisServer, emulator: EmulatorClient, folder: Path
) -> Iterator[World]:
    """A desk with a scheduler; ends with all its processes."""
    env: dict[str, Any] = {
        "PAYDESK_ENV": "development",
        "PAYDESK_DATA_DIR": str(folder / "data"),
        "PAYDESK_DATABASE_URL": database_url,
        "PAYDESK_REDIS_URL": redis.url,
        "PAYDESK_SECRET_KEY": SECRET,
        "PAYDESK_AUDIT_KEY": SECRET[::-1],
        "PAYDESK_KEYRING": KEY,
        **{f"PAYDESK_EMULATOR_{name.upper()}_URL": emulator.url_of(name) for name in registry.PROVIDERS},
    }
    with open_desk(database_url, emulator) as desk:
        runtime.install(replace(runtime.current(), audit_key=load_settings(env).audit_key))
        world = World(desk, starter, redis, folder, env)
        try:
            yield world
        finally:
            world.end()
