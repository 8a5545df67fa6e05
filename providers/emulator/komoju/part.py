"""KOMOJU as the emulator lists it."""

from ..records import Account, Effect, Json, Payment
from ..webhooks import Delivery
from ..wire import Answer
from ..world import World
from . import control, notices, profile
from .pay_page import PayPage

PAGES = "/komoju/sessions/"


class KomojuPart:
    """See `parts.Part`."""

    name = profile.NAME
    prefix = profile.PREFIX
    profile = profile.KomojuProfile()
    method_fields = frozenset({"type_slug", "currency"})

    def route(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """See `profile.route`."""
        return profile.route(method, path)

    def page(self, world: World, method: str, path: str, form: dict[str, str]) -> Answer | None:
        """The hosted page where a buyer pays."""
        if not path.startswith(PAGES):
            return None
        return PayPage(world).answer(method, path.removeprefix(PAGES), form)

    def listen(self, world: World) -> None:
        """Effects make events."""
        profile.listen(world)

    def add(self, world: World, body: Json) -> Payment:
        """See `control.add`."""
        return control.add(world, body)

    def portal(self, world: World, reference: str, body: Json) -> Effect | None:
        """See `control.portal`."""
        return control.portal(world, reference, body)

    def ping(self, world: World, account: Account) -> Delivery:
        """An event that is about no payment."""
        return notices.emit(world, account, "ping", None)
