"""A Klarna account on the emulator, orders at it, and the adapter."""

from typing import Any
from uuid import uuid4

from providers import registry
from providers.kinds import OperationKind
from providers.klarna.adapter import KlarnaProvider
from providers.money import Money
from providers.port import MoneyRequest, PaymentFacts, Reply, WireCall
from tests.emulator import EmulatorClient
from tests.providers.klarna.samples import KETTLE, MUGS, ORDER
from tests.providers.rigs import facts_of

__all__ = ["ORDER", "Desk", "adapter", "klarna_account", "klarna_order"]

USERNAME, PASSWORD = "PK123456_0000", "klarna-password-1"
SETTINGS = {"country": "SE", "currency": "SEK"}


def klarna_account(emulator: EmulatorClient, **fields: Any) -> str:
    """Add the account, or change it; returns its id."""
    body = {"provider": "klarna", "secret_key": f"{USERNAME}:{PASSWORD}", **fields}
    return str(emulator.control("POST", "accounts", body)["account"])


def klarna_order(emulator: EmulatorClient, amount_minor: int = 79900, **fields: Any) -> str:
    """Add an order in SEK, by default authorised."""
    usual = {"account": f"{USERNAME}:{PASSWORD}", "amount_minor": amount_minor, "currency": "SEK"}
    return emulator.make("klarna", **{**usual, **fields})


def adapter(base: str, password: str = PASSWORD, **more: Any) -> KlarnaProvider:
    """The adapter on the emulator's Klarna at `base`."""
    keys = {"username": USERNAME, "password": password}
    given = {"settings": SETTINGS, **more}
    built = registry.build("klarna", "emulator", keys, emulator_base=base, **given)
    assert isinstance(built, KlarnaProvider)
    return built


class Desk:
    """An adapter, its emulator, and one order at a time."""

    def __init__(self, emulator: EmulatorClient) -> None:
        klarna_account(emulator)
        self.emulator = emulator
        self.klarna = adapter(emulator.url_of("klarna"))

    def order(self, **fields: Any) -> str:
        """A kettle and two mugs for 749 kronor."""
        return klarna_order(self.emulator, **{"lines": [KETTLE, MUGS], "amount_minor": 74900, **fields})

    def facts(self, ref: str) -> PaymentFacts:
        """What the product would keep of a read made now."""
        return facts_of(self.klarna.fetch_payment(ref))

    def prepare(self, kind: OperationKind, ref: str, minor: int, **changed: Any) -> WireCall:
        """A fresh operation on the order as it is now."""
        usual: dict[str, Any] = {
            "kind": kind,
            "operation_id": str(uuid4()),
            "key": str(uuid4()),
            "payment_ref": ref,
            "money": Money(minor, "SEK"),
            "whole_rest": False,
            "reason": "",
            "payment": self.facts(ref),
        }
        return self.klarna.prepare(MoneyRequest(**{**usual, **changed}))

    def do(self, kind: OperationKind, ref: str, minor: int, **changed: Any) -> Reply:
        """Prepare and send."""
        return self.klarna.send(self.prepare(kind, ref, minor, **changed))

    def portal(self, ref: str, action: str, **fields: Any) -> None:
        """What staff do at Klarna."""
        self.emulator.portal(ref, action, provider="klarna", **fields)
