"""T6: 16 clients at once on one payment, on both databases: never too much, exactly one winner where one fits."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from providers.kinds import OperationKind
from tests.desk import Desk
from webapp.services.errors import RuleBroken
from webapp.services.operations import running
from webapp.services.operations.stopping import stop
from webapp.services.payments.reading import read_payment

CLIENTS = 16
IN_CI, IN_SOAK = 25, 500
ROUNDS = [IN_CI, pytest.param(IN_SOAK, marks=[pytest.mark.slow, pytest.mark.timeout(0)])]
REFUND, CANCEL, CAPTURE = OperationKind.REFUND, OperationKind.CANCEL, OperationKind.CAPTURE
Asked = uuid.UUID | str


class Clients:
    """Threads that start together; each answers an operation's id or the code of its refusal."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(CLIENTS)
        self.barrier = threading.Barrier(CLIENTS)

    def all_at_once(self, calls: Sequence[Callable[[], Asked]]) -> list[Asked]:
        """Make the 16 calls."""
        assert len(calls) == CLIENTS
        return [future.result() for future in [self.pool.submit(self._one, call) for call in calls]]

    def _one(self, call: Callable[[], Asked]) -> Asked:
        self.barrier.wait(30)
        try:
            return call()
        except RuleBroken as refused:
            return refused.code


@pytest.fixture
def clients() -> Clients:
    """16 of them."""
    return Clients()


def won(answers: Sequence[Asked]) -> list[uuid.UUID]:
    """The operations that were made."""
    return [answer for answer in answers if isinstance(answer, uuid.UUID)]


def take_back(desk: Desk, operations: Sequence[uuid.UUID]) -> None:
    """Withdraw, so that the same payment serves the next round."""
    for operation in operations:
        stop(operation, [desk.shop_id], desk.actor, may_stop_any=True)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_exactly_one_of_sixteen_refunds_wins_where_one_fits_R31(desk: Desk, clients: Clients, rounds: int) -> None:
    payment = desk.payment(3300)
    seen = Counter[str]()
    for _ in range(rounds):
        answers = clients.all_at_once([lambda: desk.ask(payment, 2000)] * CLIENTS)
        winners = won(answers)
        assert len(winners) == 1, answers
        assert desk.row(payment).refund_reserved_minor == 2000
        seen.update(str(answer) for answer in answers if isinstance(answer, str))
        take_back(desk, winners)
    assert seen == {"not_enough": rounds * (CLIENTS - 1)}
    desk.assert_books_are_whole()
    print(f"\n{rounds} rounds x {CLIENTS} clients: {rounds} winners, {seen['not_enough']} refused, 0 over-refunds")  # noqa: T201


@pytest.mark.parametrize("rounds", ROUNDS)
def test_as_many_refunds_win_as_fit_and_no_more_I1(desk: Desk, clients: Clients, rounds: int) -> None:
    payment = desk.payment(3300)
    for _ in range(rounds):
        winners = won(clients.all_at_once([lambda: desk.ask(payment, 700)] * CLIENTS))
        assert len(winners) == 4
        assert desk.row(payment).refund_reserved_minor == 2800
        take_back(desk, winners)
    desk.assert_books_are_whole()
    print(f"\n{rounds} rounds x {CLIENTS} clients of which 4 fit: {rounds * 4} winners, 0 over-refunds")  # noqa: T201


@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_form_sent_sixteen_times_makes_one_operation_R16(desk: Desk, clients: Clients, rounds: int) -> None:
    payment = desk.payment(3300)
    for _ in range(rounds):
        request = uuid.uuid4()
        answers = clients.all_at_once([lambda asked=request: desk.ask(payment, 100, request_id=asked)] * CLIENTS)
        assert len(set(answers)) == 1, answers
        assert desk.row(payment).refund_reserved_minor == 100
        take_back(desk, won(answers)[:1])
    desk.assert_books_are_whole()
    print(f"\n{rounds} forms sent {CLIENTS} times each: {rounds} operations")  # noqa: T201


@pytest.mark.parametrize("rounds", ROUNDS)
def test_cancel_capture_and_refund_of_one_hold_have_one_winner_I1(desk: Desk, clients: Clients, rounds: int) -> None:
    payment = desk.payment(5000, capture="manual")
    seen = Counter[str]()
    for _ in range(rounds):
        kinds = [CANCEL, CAPTURE] * 6 + [REFUND] * 4
        winners = won(clients.all_at_once([lambda kind=kind: desk.ask(payment, kind=kind) for kind in kinds]))
        assert len(winners) == 1
        row = desk.row(payment)
        assert (row.cancel_reserved_minor + row.capture_reserved_minor, row.refund_reserved_minor) == (5000, 0)
        seen[desk.operation(winners[0]).kind.value] += 1
        take_back(desk, winners)
    desk.assert_books_are_whole()
    print(f"\n{rounds} rounds of cancel against capture against refund: winners {dict(seen)}")  # noqa: T201


@pytest.mark.parametrize("rounds", ROUNDS)
def test_an_answer_and_fetched_states_book_one_movement_in_any_order_R33(
    desk: Desk, clients: Clients, rounds: int
) -> None:
    """Workers with the operation, and readers as after a webhook, on one payment at once."""
    payment = desk.payment(rounds * 10)

    def read() -> Asked:
        read_payment(payment)
        return "read"

    for number in range(1, rounds + 1):
        operation = desk.ask(payment, 10)

        def work(asked: uuid.UUID = operation) -> Asked:
            running.run_operation(asked)
            return "ran"

        clients.all_at_once([work] * 4 + [read] * (CLIENTS - 4))
        running.run_operation(operation)  # the next poll: workers pass over a row that a reader has locked
        row = desk.row(payment)
        assert (row.refunded_minor, row.refund_reserved_minor, row.excess_minor) == (number * 10, 0, 0)
        assert len(desk.attempts(operation)) == 1
    assert len(desk.effects(payment)) == rounds
    desk.assert_books_are_whole()
    print(f"\n{rounds} answers against {rounds * (CLIENTS - 4)} reads: {rounds} movements")  # noqa: T201
