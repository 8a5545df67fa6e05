"""“Sync now”: a row that a worker finds, with a word from Redis or without."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tasks import sweep
from tasks.methods import sync_account as sync_task
from tests import factories
from tests.desk import Desk
from tests.webapp.services.methods.shelf import audited, person, saying, stored
from webapp.domain.permissions import Role
from webapp.models import WakeUp
from webapp.services import audit
from webapp.services.errors import NoRight, NotFound
from webapp.services.methods import asking, syncing
from webapp.services.unit_of_work import in_transaction


@pytest.fixture(autouse=True)
def _no_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk's runtime is installed already; the task needs no application of its own."""
    monkeypatch.setattr("tasks.context.has_app_context", lambda: True)


def words() -> list[WakeUp]:
    query = select(WakeUp).where(WakeUp.task == asking.SYNC)
    return in_transaction(lambda tx: list(tx.scalars(query)))


def test_asking_twice_leaves_one_word_and_a_second_wake_up_finds_nothing(desk: Desk) -> None:
    admin = person(desk)
    assert [asking.ask(admin, desk.account_id) for _ in range(2)] == [True, False]
    assert [(word.queue, word.row_id) for word in words()] == [("default", desk.account_id)]
    for _ in range(2):
        sync_task(str(desk.account_id))
    assert desk.account().method_sync_asked_at is None
    assert len(stored(desk.account_id)) == 6
    assert len(audited("methods.synced")) == len(audited("methods.sync_asked")) == 1


def test_the_sweep_finds_what_was_asked_for_when_redis_lost_the_word_I10_R18(desk: Desk) -> None:
    asking.ask(person(desk), desk.account_id)
    assert sweep.run_due("default") == 1
    assert sweep.run_due("default") == 0
    assert len(stored(desk.account_id)) == 6


def test_a_worker_that_died_leaves_it_to_the_next_one_after_its_lease(desk: Desk) -> None:
    asking.ask(person(desk), desk.account_id)
    with saying() as provider:
        provider.answer = SystemExit()  # what a killed worker comes to
        with pytest.raises(SystemExit):
            asking.run_asked(desk.account_id)
    assert not asking.run_asked(desk.account_id)
    desk.later(seconds=asking.LEASE.total_seconds() + 1)
    assert asking.run_asked(desk.account_id)
    assert len(stored(desk.account_id)) == 6


def test_a_failed_sync_has_ended_too(desk: Desk) -> None:
    asking.ask(person(desk), desk.account_id)
    desk.emulator.fault("html_body", "methods", times=1)
    assert asking.run_asked(desk.account_id)
    assert (desk.account().method_sync_asked_at, desk.account().method_sync_result) == (None, "unclear")


def test_what_was_asked_while_a_sync_was_under_way_is_still_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = syncing._begin(desk.account_id)
    asking.ask(person(desk), desk.account_id)
    with monkeypatch.context() as patched:
        patched.setattr(syncing, "_begin", lambda _id: begun)
        syncing.sync_account(desk.account_id, audit.SYSTEM)
    assert asking.run_asked(desk.account_id)
    assert len(audited("methods.synced")) == 2


def test_only_who_may_switch_methods_of_that_shop_asks(desk: Desk) -> None:
    stranger = person(desk, Role.OWNER, shop_id=factories.shop("other").id)
    for actor in (person(desk, Role.MERCHANT), stranger):
        with pytest.raises(NoRight):
            asking.ask(actor, desk.account_id)
    with pytest.raises(NotFound):
        asking.ask(stranger, factories.new_id())
    assert words() == []
