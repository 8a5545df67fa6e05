"""Control calls over what the product is told: list, send, lose, double, delay, forge, ping, hold back."""

from dataclasses import replace

from .inputs import BadInput, number, text
from .parts import PARTS
from .records import Json
from .webhooks import Delivery
from .world import World


class WebhookControl:
    """Hold the emulator's lock around every call."""

    def __init__(self, world: World) -> None:
        self._world = world

    def listing(self, _body: Json) -> Json:
        """Everything that was or would be sent."""
        return {
            "automatic": self._world.settings.automatic_webhooks,
            "webhooks": self._world.outbox.listing(),
        }

    def command(self, body: Json) -> Json:
        """`{"automatic": bool}`, `{"ping": account}` or `{"release": "in_order" | "newest_first"}`."""
        if isinstance(body.get("automatic"), bool):
            self._world.set(replace(self._world.settings, automatic_webhooks=body["automatic"]))
            return {"automatic": body["automatic"]}
        if "ping" in body:
            return {"n": self._ping(text(body, "ping")).n}
        if body.get("release") in ("in_order", "newest_first"):
            return {"released": self._world.outbox.release_held(body["release"] == "newest_first")}
        raise BadInput("Say automatic (true or false), ping (an account) or release (in_order, newest_first).")

    def _ping(self, key_or_id: str) -> Delivery:
        for part in PARTS.values():
            if (account := self._world.ledger.find_account(part.name, key_or_id)) is not None:
                return part.ping(self._world, account)
        raise BadInput("There is no such account.", 404)

    def act(self, n: int, body: Json) -> Json:
        """`{"action": "send" | "lose" | "double" | "delay" | "forge", "seconds": ...}` for delivery n."""
        outbox = self._world.outbox
        if n not in outbox.deliveries:
            raise BadInput("There is no such delivery.", 404)
        action = text(body, "action")
        if action != "lose" and outbox.deliveries[n].url is None:
            raise BadInput("This account has no webhook address.", 409)
        delivery: Delivery
        match action:
            case "send":
                delivery = outbox.send(n)
            case "lose":
                delivery = outbox.lose(n)
            case "double":
                delivery = outbox.double(n)
            case "delay":
                delivery = outbox.delay(n, number(body, "seconds"))
            case "forge":
                delivery = outbox.forge(n)
            case _:
                raise BadInput("action has to be send, lose, double, delay or forge.")
        return {"n": delivery.n, "state": delivery.state}
