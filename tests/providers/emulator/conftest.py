"""A started emulator with one KOMOJU account, and a client that speaks KOMOJU's protocol to it."""

from collections.abc import Iterator

import httpx
import pytest

from providers.emulator.ledger import Ledger
from tests.emulator import NO_CERTIFICATES, SECRET_KEY, EmulatorClient, emulator
from tests.providers.emulator.ledgers import new_ledger

__all__ = ["emulator"]


@pytest.fixture
def api(emulator: EmulatorClient) -> Iterator[httpx.Client]:
    """KOMOJU's API as the account `sk_test_example` sees it; the fixture adds that account."""
    emulator.account(webhook_secret="komoju-webhook-secret-1")
    with httpx.Client(
        base_url=emulator.komoju_url + "/api/v1",
        auth=(SECRET_KEY, ""),
        headers={"X-KOMOJU-API-VERSION": "2025-01-28"},
        timeout=5,
        trust_env=False,
        verify=NO_CERTIFICATES,
    ) as client:
        yield client


def under(key: str) -> dict[str, str]:
    """The header that carries an idempotency key."""
    return {"X-KOMOJU-IDEMPOTENCY": key}


@pytest.fixture
def ledger() -> Ledger:
    """A ledger in one process, without HTTP."""
    return new_ledger()
