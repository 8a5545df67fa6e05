"""The providers that the emulator plays. A new one is a package with a `Part` in it and a line in `PARTS`."""

from collections.abc import Mapping
from typing import Protocol

from .gateway import Profile
from .klarna.part import KlarnaPart
from .komoju.part import KomojuPart
from .records import Account, Effect, Json, Payment
from .svea.part import SveaPart
from .webhooks import Delivery
from .wire import Answer
from .world import World


class Part(Protocol):
    """One provider, as the application and the control side see it.

    What a part keeps of a payment beyond the common sums goes into `Payment.picture`, and its money moves by
    `Ledger.post`. The lock is held around `listen`, `add`, `portal` and `ping`, and around what the profile does.
    """

    @property
    def name(self) -> str:
        """The word for it in control calls, faults and accounts."""

    @property
    def prefix(self) -> str:
        """Where its API stands below the emulator's address, without a slash at the end."""

    @property
    def profile(self) -> Profile:
        """How its calls are served."""

    @property
    def method_fields(self) -> frozenset[str]:
        """Fields that each entry of an account's `methods` needs."""

    def route(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """The call's name (for faults) and the values in its path below `prefix`; None where there is nothing."""

    def page(self, world: World, method: str, path: str, form: dict[str, str]) -> Answer | None:
        """What a buyer's browser gets at this path of the emulator; None where there is nothing. Takes the lock."""

    def listen(self, world: World) -> None:
        """Begin to turn effects into messages, by a listener of the ledger."""

    def add(self, world: World, body: Json) -> Payment:
        """A payment as if a buyer had paid; its `reference` is the provider's. Raises BadInput, Refused."""

    def portal(self, world: World, reference: str, body: Json) -> Effect | None:
        """What staff, the buyer or the provider do to it: `action` and its fields. Raises BadInput, Refused."""

    def ping(self, world: World, account: Account) -> Delivery:
        """Queue a message that is about no payment. Raises Refused where the provider sends none."""


PARTS: Mapping[str, Part] = {part.name: part for part in (KlarnaPart(), KomojuPart(), SveaPart())}
