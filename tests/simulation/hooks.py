"""Messages of the bank on their way to the desk, and those that only pretend to come from there (section 9)."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from providers.emulator.faults import Fault
from providers.emulator.records import Cause
from providers.emulator.records import Payment as BankPayment
from providers.emulator.webhooks import Delivery as BankDelivery
from providers.emulator.webhooks import sign_hex
from providers.sandbox.notices import SIGNATURE
from tests.simulation.database import PROVIDER_OF, template, webhook_secret
from webapp.models import Via
from webapp.services.audit import Actor
from webapp.services.errors import NotFound, RuleBroken
from webapp.services.webhooks import keeping
from webapp.services.webhooks.receiving import Delivery, Verdict, receive

if TYPE_CHECKING:
    from tests.simulation.world import World

STRAY = "stray"
LATE_S = (40.0, 900.0)


def begin(world: World) -> None:
    """From now on the bank tells of effects; what happened during setup it holds back."""
    outbox, chances = world.bank.notices.outbox, world.weights.webhooks or {}
    outbox.automatic = True
    for kind, chance in chances.items():
        for seconds in LATE_S if kind == "webhook_late" else (None,):
            world.bank.notices.faults.add(Fault(kind, probability=chance, seconds=seconds))


def end_faults(world: World) -> None:
    """Count what went wrong; from now on messages arrive."""
    faults = world.bank.notices.faults
    for fault in faults.faults:
        world.faults[fault.kind] += fault.fired
    faults.clear()


def on_the_way(world: World) -> list[BankDelivery]:
    """What nobody is delivering at the moment."""
    held = {n for n, process in world.delivering.items() if process in world.processes}
    return [one for one in world.bank.notices.outbox.waiting() if one.n not in held]


def deliver(world: World) -> None:
    """Let a web process take the next one; the bank hears nothing of a process that dies, and repeats (K13)."""
    delivery = on_the_way(world)[0]

    def take() -> None:
        status = 0
        try:
            status = 401 if _receive(world, delivery) is Verdict.REFUSED else 200
        finally:
            world.bank.notices.outbox.note(delivery.n, status)

    delay = 0.0 if world.calm else world.random.choice((0.0, 0.5, 20.0))
    world.delivering[delivery.n] = world.process(f"hook{delivery.n}", take, delay)


def _receive(world: World, delivery: BankDelivery) -> Verdict:
    raw, token = delivery.body.encode(), delivery.url or ""
    return take_in(world, Delivery(PROVIDER_OF[world.weights.resolution], token, delivery.headers, raw))


def take_in(world: World, delivery: Delivery) -> Verdict:
    """What the web process does; a forged message may add one line that says so, and nothing else (R34)."""
    before, genuine = world.database.changes, is_genuine(world, delivery)
    verdict = receive(delivery)
    if not genuine:
        world.counts["forged"] += 1
        if world.database.changes - before > 1:
            world.say(f"R34: a forged message changed {world.database.changes - before} rows")
    return verdict


def is_genuine(world: World, delivery: Delivery) -> bool:
    """Whether the bank sent these bytes to this account."""
    provider = PROVIDER_OF[world.weights.resolution]
    known = any(one.body.encode() == delivery.raw for one in world.bank.notices.outbox.deliveries.values())
    right = sign_hex(webhook_secret(provider), delivery.raw)
    return known and delivery.token == provider and delivery.headers.get(SIGNATURE) == right


def forging(world: World) -> None:
    """Somebody who knows the address, and has seen messages, but not the secret."""
    provider = PROVIDER_OF[world.weights.resolution]
    seen = list(world.bank.notices.outbox.deliveries.values())
    reference = world.random.choice(list(world.bank.ledger.payments))
    told = {"id": reference, "status": "refunded", "amount_captured": 1000, "amount_refunded": 1000}
    raw = json.dumps({"id": f"forged{len(seen)}", "type": "payment.refund", "data": told}).encode()
    guessed = {SIGNATURE: sign_hex("guessed", raw)}
    forged = [Delivery(provider, provider, guessed, raw), Delivery(provider, provider, {}, raw)]
    forged.append(Delivery(provider, "no-such-address", guessed, raw))
    if seen:
        old = world.random.choice(seen)
        forged.append(Delivery(provider, provider, old.headers, raw))
        forged.append(Delivery(provider, provider, {SIGNATURE: "0" * 64}, old.body.encode()))
        other = next(name for name in PROVIDER_OF.values() if name != provider)
        forged.append(Delivery(other, other, old.headers, old.body.encode()))
    try:
        take_in(world, world.random.choice(forged))
    except NotFound:
        world.counts["forged"] += 1


def stray(world: World) -> None:
    """A payment of which only messages tell (R38)."""
    ledger = world.bank.ledger
    payment = BankPayment(
        reference=STRAY,
        provider="sandbox",
        account=world.bank_account,
        method="sandbox",
        currency="JPY",
        amount_minor=1000,
        created_at=world.time.now(),
        manual_capture=True,
        order_number="2001",
    )
    ledger.add_payment(payment)
    ledger.authorise(STRAY, Cause("buyer"))
    ledger.capture(STRAY, Cause("buyer"))


def out_of_order(world: World) -> None:
    """What was held back comes at once, the newest first."""
    outbox = world.bank.notices.outbox
    outbox.automatic = False
    world.scheduler.sleep(world.random.uniform(10.0, world.weights.busy_s / 3))
    outbox.automatic = True
    world.faults["webhook_reordered"] += outbox.release_held(newest_first=True)


def process_again(world: World) -> None:
    """Somebody has a message processed once more, whatever became of it."""
    here = template()
    rows = world.database.rows("select id from webhook_messages order by received_at, id")
    if rows:
        message_id = uuid.UUID(world.random.choice(rows)[0])
        with suppress(RuleBroken):
            keeping.process_again(message_id, [here.shop_id], Actor(here.user_id, Via.WEB))
