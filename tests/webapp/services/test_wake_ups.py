"""The outbox: words live and die with their transaction, and publishing loses nothing (R18, I10)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.desk import Desk
from webapp.models import WakeUp
from webapp.services import runtime, wake_ups
from webapp.services.unit_of_work import Tx, in_transaction


def add(seconds: float = 0) -> uuid.UUID:
    row_id = uuid.uuid4()

    def work(tx: Tx) -> None:
        at = runtime.current().clock.now(tx) + timedelta(seconds=seconds)
        wake_ups.for_operation(tx, row_id, at)

    in_transaction(work)
    return row_id


def count() -> int:
    return in_transaction(lambda tx: tx.execute(select(func.count()).select_from(WakeUp)).scalar_one())


def test_a_word_waits_for_its_time_and_the_oldest_goes_first_R18(desk: Desk) -> None:
    second, first, later = add(-10), add(-20), add(60)
    words = wake_ups.waiting(10)
    assert [word.row_id for word in words] == [first, second]
    assert {(word.queue, word.task) for word in words} == {(wake_ups.MONEY_QUEUE, wake_ups.RUN_OPERATION)}
    assert len(wake_ups.waiting(1)) == 1
    desk.later(seconds=61)
    assert later in [word.row_id for word in wake_ups.waiting(10)]


def test_a_published_word_is_not_published_again(desk: Desk) -> None:
    add()
    wake_ups.mark_published([word.id for word in wake_ups.waiting(10)])
    wake_ups.mark_published([])
    assert wake_ups.waiting(10) == []


def test_a_word_dies_with_its_transaction_R18_K1(desk: Desk) -> None:
    def work(tx: Tx) -> None:
        wake_ups.for_operation(tx, uuid.uuid4(), runtime.current().clock.now(tx))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        in_transaction(work)
    assert count() == 0


def test_published_words_are_forgotten_after_a_day_and_others_never(desk: Desk) -> None:
    add()
    wake_ups.mark_published([word.id for word in wake_ups.waiting(10)])
    add()
    assert wake_ups.forget_old() == 0
    desk.later(hours=25)
    assert wake_ups.forget_old() == 1
    assert count() == 1
