"""K20: a backup is restored over a desk that went on working; the money half. Real processes, both databases."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from providers.kinds import OperationKind
from tests.backups import site_of, upgrade
from tests.kills.world import World
from webapp.domain.operations import OperationState
from webapp.models import Payment
from webapp.services import recovery, verify
from webapp.services.backups import restoring, taking
from webapp.services.unit_of_work import in_transaction

pytestmark = pytest.mark.kill
REFUND, CANCEL = OperationKind.REFUND, OperationKind.CANCEL


def effects(world: World) -> list[Any]:
    """What really happened at the provider, in order."""
    return [
        (effect["reference"], effect["kind"], effect["amount_minor"])
        for effect in world.desk.emulator.ledger()["effects"]
    ]


def assert_sums_agree(world: World) -> None:
    """Every payment of ours shows the provider's sums, also where the operation itself was lost with the database."""
    ledger = world.desk.emulator.ledger()
    assert ledger["broken"] == []
    assert list(verify.problems()) == []
    for theirs in ledger["payments"]:
        ours = in_transaction(lambda tx, ref=theirs["reference"]: tx.query(Payment).filter_by(provider_ref=ref).one())
        for name in ("captured_minor", "cancelled_minor", "refunded_minor"):
            assert getattr(ours, name) == theirs[name], (theirs["reference"], name)


def test_a_restored_backup_sends_nothing_twice_and_its_books_end_as_the_providers_K20(
    world: World, tmp_path: Path, database_url: str
) -> None:
    site = site_of(database_url, tmp_path)
    first, second, third, fourth = (world.payment(kind) for kind in (REFUND, REFUND, CANCEL, REFUND))
    world.ask(first, REFUND, 300)
    worker = world.worker()
    world.until_quiet()
    worker.kill()
    in_backup = [world.ask(first, REFUND, 200), world.ask(second, REFUND), world.ask(third, CANCEL)]
    backup = taking.take(site, tmp_path / "desk.backup")

    worker = world.worker()
    world.until_quiet()
    world.ask(first, REFUND, 50)  # this one and the next are in no backup
    world.ask(fourth, REFUND, 1000)
    world.until_quiet()
    worker.kill()
    happened = effects(world)
    assert len([each for each in happened if each[1] in {"refund", "cancel"}]) == 6

    done = restoring.restore(site, backup, world.desk.actor, upgrade, replace=True)
    assert done.in_doubt == len(in_backup)
    worker, scheduler = world.worker(), world.start("scheduler")
    fresh = world.ask(fourth, REFUND, 70)
    deadline = time.monotonic() + 30
    while world.desk.operation(fresh).blocked_by != "recovery" or recovery.standing().in_doubt:
        assert time.monotonic() < deadline, world.tell()
        world.pass_time()
        time.sleep(0.2)
    assert list(recovery.compare()) == []
    assert effects(world) == happened
    assert_sums_agree(world)

    recovery.leave(world.desk.actor)
    world.until_quiet()
    assert effects(world) == [*happened, (world.desk.row(fourth).provider_ref, "refund", 70)]
    assert {world.desk.operation(each).state for each in (*in_backup, fresh)} == {OperationState.SUCCEEDED}
    assert_sums_agree(world)
    assert scheduler.runs
    assert worker.runs
