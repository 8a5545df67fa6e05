"""Klarna as the emulator lists it."""

from ..records import Account, Effect, Json, Payment, Refused
from ..webhooks import Delivery
from ..wire import Answer
from ..world import World
from . import control, notices, profile


class KlarnaPart:
    """See `parts.Part`."""

    name = profile.NAME
    prefix = profile.PREFIX
    profile = profile.KlarnaProfile()
    method_fields = frozenset({"identifier"})

    def route(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """See `profile.route`."""
        return profile.route(method, path)

    def page(self, world: World, method: str, path: str, form: dict[str, str]) -> Answer | None:
        """None: nothing of Klarna's is for browsers here."""
        del world, method, path, form
        return None

    def listen(self, world: World) -> None:
        """Effects make pushes and notices."""
        notices.listen(world)

    def add(self, world: World, body: Json) -> Payment:
        """See `control.add`."""
        return control.add(world, body)

    def portal(self, world: World, reference: str, body: Json) -> Effect | None:
        """See `control.portal`."""
        return control.portal(world, reference, body)

    def ping(self, world: World, account: Account) -> Delivery:
        """Refused: Klarna sends nothing that is about no order."""
        del world, account
        raise Refused("NOT_ALLOWED", "Klarna has no ping.")
