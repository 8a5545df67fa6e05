"""Klarna's API as one account sees it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.emulator import NO_CERTIFICATES, EmulatorClient

USER, PASSWORD = "PK1_shop", "secret-1"


class Shop:
    """An account at the emulated Klarna, and what can be asked about its orders."""

    def __init__(self, emulator: EmulatorClient) -> None:
        self.emulator = emulator
        self.account()
        self.http = httpx.Client(
            base_url=emulator.url_of("klarna"),
            auth=(USER, PASSWORD),
            timeout=5,
            trust_env=False,
            verify=NO_CERTIFICATES,
        )

    def account(self, **fields: Any) -> None:
        """Add or change the account."""
        self.emulator.control("POST", "accounts", {"provider": "klarna", "secret_key": f"{USER}:{PASSWORD}", **fields})

    def switch(self, **switches: Any) -> None:
        """Choose between readings that the page leaves open."""
        self.account(switches=switches)

    def order(self, amount_minor: int = 10000, **fields: Any) -> str:
        """Add an order in SEK."""
        usual = {"account": f"{USER}:{PASSWORD}", "amount_minor": amount_minor, "currency": "SEK"}
        return self.emulator.make("klarna", **{**usual, **fields})

    def read(self, ref: str) -> Any:
        """The order object."""
        answer = self.http.get(f"/ordermanagement/v1/orders/{ref}")
        assert answer.status_code == 200
        return answer.json()

    def post(self, ref: str, action: str, body: Any = None, key: str | None = None) -> httpx.Response:
        """One write, with a body and a key where they are given."""
        method = "PATCH" if action in ("authorization", "merchant-references") else "POST"
        headers = {} if key is None else {"Klarna-Idempotency-Key": key}
        return self.http.request(method, f"/ordermanagement/v1/orders/{ref}/{action}", json=body, headers=headers)

    def refused(self, ref: str, action: str, body: Any = None) -> tuple[int, str]:
        """Status and code of a refusal, which is in Klarna's form and changed nothing."""
        before = self.read(ref)
        answer = self.post(ref, action, body)
        said = answer.json()
        assert said["error_messages"]
        assert said["correlation_id"] == answer.headers["klarna-correlation-id"]
        assert self.read(ref) == before
        return answer.status_code, said["error_code"]

    def portal(self, ref: str, action: str, **fields: Any) -> Any:
        """What staff or Klarna do."""
        return self.emulator.portal(ref, action, provider="klarna", **fields)


@pytest.fixture
def shop(emulator: EmulatorClient) -> Iterator[Shop]:
    made = Shop(emulator)
    yield made
    made.http.close()
