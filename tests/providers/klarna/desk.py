"""A Klarna account on the emulator, orders at it, and the adapter."""

from typing import Any

from providers import registry
from providers.klarna.adapter import KlarnaProvider
from tests.emulator import EmulatorClient

USERNAME, PASSWORD = "PK123456_0000", "klarna-password-1"
ORDER = "5d1c7f0a-4b52-4a49-9c0e-2f6f0b6f1a11"
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
