"""Who acts in a history: workers, people in the browser, relay, reconciler, the provider's portal."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from providers.emulator.records import Cause, Refused
from providers.errors import ProviderError
from providers.kinds import OperationKind
from providers.planning import WishKind
from providers.port import BankDetails
from providers.sandbox import sums
from providers.sandbox.capabilities import BY_REQUEST
from tests.simulation.database import template
from tests.simulation.world import World
from webapp.models import Via
from webapp.services import accounts, runtime, wake_ups
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.kill_points import KillPoint, reached
from webapp.services.operations import planning, stopping
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import in_transaction

BANK = BankDetails("A", "B", "0001", "C", "001", "futsuu", "0000001", include_payment_method_fee=False)


@dataclass
class People:
    """Wishes under way, and what their senders were told (R16)."""

    answers: dict[uuid.UUID, set[uuid.UUID]] = field(default_factory=dict)
    kinds: dict[uuid.UUID, OperationKind] = field(default_factory=dict)
    wishes: dict[uuid.UUID, tuple[WishKind, int | None]] = field(default_factory=dict)  # of a bank of sums


def wishes(world: World, people: People) -> None:
    """Plan everything that people will ask for."""
    for number in range(world.weights.wishes):
        at = world.random.uniform(0, world.weights.busy_s * 0.7)
        request_id = uuid.uuid4()
        payment_id = world.random.choice(world.payments)
        amount = None if world.random.random() < world.weights.whole_rest else 10 * world.random.randint(5, 45)
        window = timedelta(seconds=world.random.choice((0, 0, 0, 30)))
        submit = partial(submitting, world, people, payment_id, request_id, amount, window)
        copies = 1 + (world.random.random() < world.weights.double_submit)
        for copy in range(copies):
            world.process(f"web{number}{'ab'[copy]}", submit, at + copy * world.random.choice((0.0, 20.0)), 60.0)


def submitting(
    world: World,
    people: People,
    payment_id: uuid.UUID,
    request_id: uuid.UUID,
    amount_minor: int | None,
    window: timedelta,
) -> None:
    """Send one form; a browser whose server died sends it again, because the process is started again."""
    if world.weights.by_sums:
        _submit_wish(world, people, payment_id, request_id, amount_minor)
        return
    here = template()
    kind = people.kinds.get(request_id) or world.kind_for(payment_id)
    people.kinds[request_id] = kind
    wish = planning.PlannedWish(
        actor=Actor(here.user_id, Via.WEB),
        shop_id=here.shop_id,
        payment_id=payment_id,
        kind=WishKind(kind.value),
        as_found=True,
        request_id=request_id,
        amount_minor=amount_minor if kind is OperationKind.REFUND else None,
        reason_id=here.reason_id,
        bank_details=BANK if _by_request(world, payment_id) else None,
        stop_window=window,
    )
    try:
        made = planning.file_wish(wish).operation_ids
    except RuleBroken as refusal:
        world.faults[f"refused_{refusal.code}"] += 0
        return
    if not made:
        return  # the payment is already as wished
    [operation_id] = made
    people.answers.setdefault(request_id, set()).add(operation_id)
    _second_thoughts(world, operation_id)


def _submit_wish(
    world: World, people: People, payment_id: uuid.UUID, request_id: uuid.UUID, amount_minor: int | None
) -> None:
    """A wish of several steps; an update is between half and one and a half of what was authorised first."""
    here = template()
    if request_id not in people.wishes:
        kind = world.random.choice((*WishKind, WishKind.REFUND, WishKind.CANCEL_OR_REFUND))
        total = 10 * world.random.randint(50, 150)
        amounts = {WishKind.UPDATE: total, WishKind.CANCEL_OR_REFUND: None}
        people.wishes[request_id] = (kind, amounts.get(kind, amount_minor))
    kind, minor = people.wishes[request_id]
    wish = planning.PlannedWish(
        actor=Actor(here.user_id, Via.WEB),
        shop_id=here.shop_id,
        payment_id=payment_id,
        kind=kind,
        request_id=request_id,
        amount_minor=minor,
        reason_id=here.reason_id,
    )
    try:
        filed = planning.file_wish(wish)
    except RuleBroken as refusal:
        world.faults[f"refused_{refusal.code}"] += 0
        return
    if filed.wish_id is not None:
        people.answers.setdefault(request_id, set()).add(filed.wish_id)
        _second_thoughts(world, filed.operation_ids[0])


def _by_request(world: World, payment_id: uuid.UUID) -> bool:
    rows = world.database.rows("select method from payments where id = ?", (payment_id.hex,))
    return bool(rows) and rows[0][0] == BY_REQUEST


def _second_thoughts(world: World, operation_id: uuid.UUID) -> None:
    """Some stop what they asked for; some ask the provider again and again."""
    if world.calm:
        return
    here = template()
    actor = Actor(here.user_id, Via.WEB)
    try:
        if world.random.random() < world.weights.stop:
            world.scheduler.sleep(world.random.choice((0.5, 5.0, 120.0)))
            stopping.stop(operation_id, [here.shop_id], actor, may_stop_any=False)
        for _again in range(3):
            if world.random.random() < world.weights.ask:
                world.scheduler.sleep(world.random.uniform(1.0, 200.0))
                stopping.ask_provider(operation_id, [here.shop_id], actor)
    except (RuleBroken, LookupError):
        return


def relay(world: World) -> None:
    """Hands words to Redis, which may lose or repeat them (R18, R19)."""
    while not world.calm:
        words = wake_ups.waiting(20) if world.database.has_word(world.time.host()) else []
        for word in words:
            reached(KillPoint.PUBLISHING)
            if world.random.random() < world.weights.word_lost:
                world.faults["word_lost"] += 1
                continue
            words_there = world.lanes[word.queue].words
            words_there.append(word)
            if world.random.random() < 0.1:
                world.faults["word_doubled"] += 1
                words_there.append(word)
        wake_ups.mark_published([word.id for word in words])
        world.scheduler.sleep(world.random.uniform(5.0, 60.0))


def reconciler(world: World) -> None:
    """Reads one payment, whatever goes on there (R33)."""
    try:
        read_payment(world.random.choice(world.payments))
    except ProviderError:
        return


def portal(world: World) -> None:
    """Somebody at the provider moves money by hand. The odd amounts fit no wish of ours."""
    ledger = world.bank.ledger
    reference = world.random.choice(list(ledger.payments))
    payment = ledger.get(reference)
    try:
        if world.weights.by_sums:
            _portal_of_sums(world, reference)
        elif payment.captured_minor:
            ledger.refund(reference, Cause("portal"), 10 * world.random.randint(1, 20) + 3)
        elif world.random.random() < 0.3:
            ledger.cancel(reference, Cause("portal"))
    except Refused:
        return
    world.faults["portal"] += 1


def _portal_of_sums(world: World, reference: str) -> None:
    """Any sum may grow, and what is authorised go either way. Raises Refused.

    Never by what one of our operations moves: in a level the two would leave no trace, and nobody could tell (ADR 17).
    """
    ledger, minor = world.bank.ledger, 10 * world.random.randint(1, 20) + 3
    ours = {row[0] for row in world.database.rows("select amount_minor from operations where ended_at is null")}
    while minor in ours:
        minor += 10
    kind = world.random.choice((*sums.MOVED_BY_HAND, None))
    if kind is None:
        ledger.post(reference, world.random.choice(("raise", "lower")), minor, Cause("portal"))
    else:
        sums.move(ledger, reference, kind, minor, Cause("portal"))


def finish_requests(world: World) -> None:
    """People at the provider finish or reject one waiting refund request."""
    ledger = world.bank.ledger
    for reference, payment in ledger.payments.items():
        waiting = [wish for wish in payment.refund_requests if wish.status == "pending"]
        if waiting:
            if world.random.random() < 0.3:
                ledger.reject_request(reference, Cause("portal"), waiting[0].id)
            else:
                ledger.finish_request(reference, Cause("portal"), waiting[0].id)
            return


def repair_credentials(world: World) -> None:
    """A person looks at the account and closes its breaker."""
    account_id = template().accounts[world.weights.resolution]
    in_transaction(lambda tx: accounts.close_breaker(tx, account_id, runtime.current().clock.now(tx)))
