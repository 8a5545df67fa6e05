"""What must hold of messages after every step and at the end (section 9, K13, K14)."""

from __future__ import annotations

import json
from typing import Any

from tests.simulation.hooks import STRAY, is_genuine
from tests.simulation.world import World
from webapp.services.webhooks.receiving import Delivery

_MESSAGES = "select id, dedupe, state, fence, payment_ref, due_at, result from webhook_messages"


class HookChecks:
    """Remembers the messages of the last step."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.forget()

    def forget(self) -> None:
        """A backup was restored: the past is another one."""
        self._before: dict[str, Any] = {}

    def step(self) -> None:
        """Only genuine messages are kept to be acted on, and one at a time moves each of them."""
        deliveries = self._world.bank.notices.outbox.deliveries.values()
        genuine = {one.event_id: one.body for one in deliveries}
        for row in self._world.database.rows(_MESSAGES):
            name, dedupe, state, fence, payment_ref, due_at, result = row
            if state == "refused":
                if payment_ref is not None or due_at is not None:
                    self._world.say(f"R34: the refused message {name} may still be acted on")
            elif dedupe not in genuine:
                self._world.say(f"R34: message {name} is kept as genuine, but the bank never sent it")
            if (state == "waiting") != (due_at is not None):
                self._world.say(f"I12: message {name} is {state}, due at {due_at}")
            before = self._before.get(name)
            if before is not None and before != (state, fence, result) and fence <= before[1]:
                self._world.say(f"I11: message {name} went from {before} to {(state, fence, result)}")
            self._before[name] = (state, fence, result)

    def reads(self) -> None:
        """Look at the reads since the last step."""
        reads, self._world.reads = self._world.reads, []
        for process, reference in reads:
            if process.startswith("clerk"):
                self.read(reference)

    def read(self, reference: str) -> None:
        """A worker reads a payment because of messages: the bank must have told of it (R34, R40)."""
        bodies = [json.loads(one.body) for one in self._world.bank.notices.outbox.deliveries.values()]
        if reference not in {body["data"]["id"] for body in bodies}:
            self._world.say(f"R40: {reference} was read although no message of the bank told of it")


def check_messages(world: World) -> None:
    """At the end every genuine message is done; what the desk acknowledged it has (R36, R38)."""
    known = dict(world.database.rows("select dedupe, state from webhook_messages where state <> 'refused'"))
    for dedupe, state in known.items():
        if state != "done":
            world.say(f"R36: message {dedupe} is {state} at the end")
    for delivery in world.bank.notices.outbox.deliveries.values():
        said = Delivery("", delivery.url or "", delivery.headers, delivery.body.encode())
        is_acknowledged = delivery.state == "sent" and is_genuine(world, said) and not world.weights.restore
        if is_acknowledged and delivery.event_id not in known:
            world.say(f"R36: message {delivery.event_id} was acknowledged and is not here")
    told = world.database.rows("select 1 from webhook_messages where payment_ref = ?", (STRAY,))
    taken_in = world.database.rows("select 1 from payments where provider_ref = ?", (STRAY,))
    if bool(told) != bool(taken_in):
        world.say("R38: what messages told of an unknown payment did not bring it in")
