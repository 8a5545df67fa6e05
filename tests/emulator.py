"""A really started emulator for tests: `running_emulator()`, and a client for its control side."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from providers.emulator.program import RunningEmulator

SECRET_KEY = "sk_test_example"
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading them takes longer than a test


class EmulatorClient:
    """The control side of one running emulator. Every helper raises for an answer that is not 2xx."""

    def __init__(self, running: RunningEmulator) -> None:
        self.running = running
        self.base_url = running.base_url
        self.komoju_url = f"{self.base_url}/komoju"
        self.http = httpx.Client(base_url=self.base_url, timeout=10, trust_env=False, verify=NO_CERTIFICATES)

    def control(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """One control call; returns its JSON."""
        answer = self.http.request(method, f"/_emulator/{path}", json=body, params=query)
        answer.raise_for_status()
        return answer.json()

    def account(self, secret_key: str = SECRET_KEY, **fields: Any) -> str:
        """Add a KOMOJU account (or change it); returns its id."""
        body = {"provider": "komoju", "secret_key": secret_key, **fields}
        return str(self.control("POST", "accounts", body)["account"])

    def payment(self, amount_minor: int = 3300, account: str = SECRET_KEY, **fields: Any) -> str:
        """Add a payment, by default a captured card payment in JPY; returns the provider's reference."""
        body = {
            "account": account,
            "method": "credit_card",
            "amount_minor": amount_minor,
            "currency": "JPY",
            **fields,
        }
        return str(self.control("POST", "komoju/payments", body)["provider_ref"])

    def portal(self, reference: str, action: str, *, provider: str = "komoju", **fields: Any) -> Any:
        """What staff or the provider do, e.g. capture, cancel, refund, expire, dispute, pay, finish, fail."""
        return self.control("POST", f"{provider}/payments/{reference}/portal", {"action": action, **fields})

    def make(self, provider: str, **body: Any) -> str:
        """Add a payment at any provider; returns its reference there."""
        return str(self.control("POST", f"{provider}/payments", body)["provider_ref"])

    def url_of(self, provider: str) -> str:
        """Address of a provider's part, as the registry wants it."""
        return f"{self.base_url}/{provider}"

    def fault(self, kind: str, call: str = "*", **fields: Any) -> int:
        """Ask for a misbehaviour; returns its number."""
        return int(self.control("POST", "faults", {"kind": kind, "call": call, **fields})["id"])

    def clear_faults(self) -> None:
        """No more misbehaviour."""
        self.control("DELETE", "faults")

    def ledger(self, **query: str) -> Any:
        """`effects`, `payments` and `broken`; filters `provider` and `reference`."""
        return self.control("GET", "ledger", **query)

    def effects(self, reference: str, kind: str | None = None) -> list[dict[str, Any]]:
        """A payment's effects in order, only those of one kind when it is given."""
        found = self.ledger(reference=reference)["effects"]
        return [effect for effect in found if kind in (None, effect["kind"])]

    def advance(self, seconds: float) -> None:
        """Move the emulator's time forward."""
        self.control("PUT", "clock", {"advance_seconds": seconds})

    def latency(self, milliseconds: int) -> None:
        """Slow down every provider call."""
        self.control("PUT", "latency", {"milliseconds": milliseconds})

    def webhooks(self) -> list[dict[str, Any]]:
        """Everything that was or would be sent."""
        found: list[dict[str, Any]] = self.control("GET", "webhooks")["webhooks"]
        return found

    def reset(self) -> None:
        """Forget everything."""
        self.control("POST", "reset")


@contextmanager
def running_emulator(data: str = ":memory:", smtp_port: int | None = None) -> Iterator[EmulatorClient]:
    """Start an emulator in this process on a free port, and stop it at the end."""
    running = RunningEmulator(data, smtp_port=smtp_port)
    running.start()
    client = EmulatorClient(running)
    try:
        yield client
    finally:
        client.http.close()
        running.stop()


@pytest.fixture
def emulator() -> Iterator[EmulatorClient]:
    """An empty emulator; import this name into a conftest.py to use it."""
    with running_emulator() as client:
        yield client
