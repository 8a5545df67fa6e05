"""A Svea account and orders on a started emulator."""

from typing import Any

from providers import registry
from tests.emulator import EmulatorClient

MERCHANT, SECRET = "998877", "example-shared-secret"


def adapter(base: str, secret: str = SECRET):
    """The adapter of that account; `base` is the emulator's part."""
    credentials = {"merchant_id": MERCHANT, "shared_secret": secret}
    return registry.build("svea", "emulator", credentials, emulator_base=base, settings={"currency": "SEK"})


def svea_account(emulator: EmulatorClient, **switches: Any) -> str:
    """Add the account, or change its switches; its tasks end at once unless `task_seconds` says otherwise."""
    body = {"provider": "svea", "secret_key": SECRET, "publishable_key": MERCHANT}
    body["switches"] = {"task_seconds": 0, **switches}
    return str(emulator.control("POST", "accounts", body)["account"])


def svea_order(emulator: EmulatorClient, minor: int = 3300, method: str = "Card", **fields: Any) -> str:
    """Add an order, by default a reserved card payment in SEK."""
    body = {"account": SECRET, "method": method, "amount_minor": minor, "currency": "SEK", **fields}
    return emulator.make("svea", **body)
