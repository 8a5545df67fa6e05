"""Svea as the emulator lists it."""

from ..records import Account, Effect, Json, Payment
from ..webhooks import Delivery
from ..wire import Answer
from ..world import World
from . import control, notices, profile


class SveaPart:
    """See `parts.Part`."""

    name = profile.NAME
    prefix = profile.PREFIX
    profile = profile.SveaProfile()
    method_fields = frozenset({"CampaignCode"})

    def route(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """See `profile.route`."""
        return profile.route(method, path)

    def page(self, world: World, method: str, path: str, form: dict[str, str]) -> Answer | None:
        """None: a buyer pays in Svea's Checkout, which is not played here."""
        del world, method, path, form
        return None

    def listen(self, world: World) -> None:
        """Effects make events."""

        def on_effect(effect: Effect, payment: Payment) -> None:
            if effect.provider == profile.NAME:
                notices.announce(world, effect, payment)

        world.ledger.listeners.append(on_effect)

    def add(self, world: World, body: Json) -> Payment:
        """See `control.add`."""
        return control.add(world, body)

    def portal(self, world: World, reference: str, body: Json) -> Effect | None:
        """See `control.portal`."""
        return control.portal(world, reference, body)

    def ping(self, world: World, account: Account) -> Delivery:
        """See `notices.ping`."""
        return notices.ping(world, account)
