"""K13 and K14 with real processes: a message of the provider is neither lost nor acted on twice (R33, R36)."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import func, select

from tests.kills.blows import Blow
from tests.kills.hearing import Ear, open_ear
from tests.kills.programs import until
from tests.kills.world import World
from tests.webapp.services.webhooks import hooks
from webapp.models import LedgerMovement, WebhookMessage, WebhookState
from webapp.services.unit_of_work import in_transaction
from webapp.services.webhooks.receiving import Verdict

pytestmark = [pytest.mark.kill, pytest.mark.timeout(180)]
ELSEWHERE = 1100


def refund_elsewhere(world: World, payment: uuid.UUID) -> None:
    """The merchant gives money back at the provider's own page."""
    world.desk.emulator.portal(world.desk.row(payment).provider_ref, "refund", amount_minor=ELSEWHERE)


def refunds(payment: uuid.UUID) -> list[int]:
    """The refunds that are booked, in minor units."""
    booked = select(LedgerMovement.amount_minor).where(LedgerMovement.payment_id == payment)
    return in_transaction(lambda tx: list(tx.scalars(booked.where(LedgerMovement.kind == "refund"))))


def only() -> WebhookMessage:
    """The one message there is."""
    (message,) = hooks.messages()
    return message


def assert_booked_once(world: World, payment: uuid.UUID) -> None:
    until(lambda: only().state is not WebhookState.WAITING, 30, "the message is processed")
    assert (only().state, only().result) == (WebhookState.DONE, "read")
    assert refunds(payment) == [ELSEWHERE]
    assert world.desk.row(payment).refunded_minor == ELSEWHERE
    world.assert_books_agree()


@pytest.mark.parametrize(("nth", "stored"), [(1, 0), (2, 1)])
def test_K13_the_senders_repeat_makes_a_killed_web_process_good(world: World, nth: int, stored: int) -> None:
    """Before its commit nothing is there and the repeat is stored; after it the repeat is absorbed (R36)."""
    payment = world.desk.payment()
    ear = open_ear(world)
    struck = ear.serve(Blow("K13", nth))
    refund_elsewhere(world, payment)
    until(lambda: struck.struck and not struck.runs, 30, "the web process is killed")
    assert in_transaction(lambda tx: tx.scalar(select(func.count()).select_from(WebhookMessage))) == stored
    ear.serve()
    delivery = ear.genuine()[-1]
    until(lambda: _answers(ear, delivery["n"])[-1:] == [200], 30, "the repeat is answered")
    assert _answers(ear, delivery["n"])[0] == 0, "the first one got no answer"
    world.clerk()
    assert_booked_once(world, payment)
    assert hooks.tell(world.desk, delivery["body"].encode()) is Verdict.REPEATED


def _answers(ear: Ear, number: int) -> list[int]:
    ear.world.desk.emulator.advance(31)  # the last of the repeats comes half a minute after the one before it
    ear.send_again()  # a slow machine may have used up all repeats before the new process listened
    (delivery,) = (each for each in ear.genuine() if each["n"] == number)
    return list(delivery["answers"])


def kill_while_processing(world: World, blow: Blow) -> None:
    """A message, a worker that dies over it, a clean one."""
    payment = world.desk.payment()
    refund_elsewhere(world, payment)
    hooks.give_secret(world.desk)
    hooks.tell(world.desk, hooks.body(world.desk, payment))
    struck = world.clerk(blow)
    until(lambda: struck.struck and not struck.runs, 30, "the worker is killed")
    assert blow.action == "orphan" or only().state is WebhookState.WAITING
    world.desk.emulator.latency(0)
    world.clerk()
    assert_booked_once(world, payment)


@pytest.mark.parametrize("nth", [1, 2])
def test_K14_a_killed_processor_leaves_its_message_due(world: World, nth: int) -> None:
    """Before it reads the payment, and when all is booked but the message has not ended."""
    kill_while_processing(world, Blow("K14", nth))


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.45])
def test_K14_a_processor_dies_while_it_reads_the_payment(world: World, seconds: float) -> None:
    world.desk.emulator.latency(400)
    kill_while_processing(world, Blow("K14", 1, "wire", seconds))


@pytest.mark.slow
@pytest.mark.parametrize("nth", [1, 2])
def test_K14_an_orphaned_processor_and_a_new_one_book_once(world: World, nth: int) -> None:
    """The worker dies, and its job lives on beside the one that comes after."""
    kill_while_processing(world, Blow("K14", nth, "orphan"))
