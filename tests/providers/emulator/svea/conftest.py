"""A client that signs as Svea wants it, written apart from the adapter."""

import base64
import hashlib
import json
from typing import Any

import httpx
import pytest

from tests.emulator import EmulatorClient
from tests.providers.emulator.test_sender import receiver
from tests.providers.svea.desk import MERCHANT, SECRET, svea_account

__all__ = ["receiver"]

TIME = "2025-03-01 10:15:30"


class Svea:
    """Signed calls to the emulator's Payment Admin."""

    def __init__(self, emulator: EmulatorClient) -> None:
        self.emulator = emulator

    def call(
        self, method: str, path: str, body: Any = None, raw: bytes | None = None, **signing: str
    ) -> httpx.Response:
        """One call; `signing` may hold another time, secret or merchant, or `upper` for its hex."""
        if raw is None:
            raw = b"" if body is None else json.dumps(body).encode()
        version = "" if path.startswith("/v2/") else "/v1"
        headers = self.signed(raw, **signing)
        return self.emulator.http.request(method, f"/svea/pa/api{version}{path}", content=raw, headers=headers)

    def campaigns(self, is_company: str) -> Any:
        """Part-payment campaigns, from the Checkout."""
        path = f"/svea/checkout/api/util/GetAvailablePartPaymentCampaigns?IsCompany={is_company}"
        return self.emulator.http.get(path, headers=self.signed(b"")).json()

    def signed(self, raw: bytes, **signing: str) -> dict[str, str]:
        """The two headers over these bytes."""
        time = signing.get("time", TIME)
        hashed = hashlib.sha512(raw + signing.get("secret", SECRET).encode() + time.encode()).hexdigest()
        hashed = hashed.upper() if "upper" in signing else hashed
        token = base64.b64encode(f"{signing.get('merchant', MERCHANT)}:{hashed}".encode()).decode()
        return {"Timestamp": signing.get("sent", time), "Authorization": f"Svea {token}"}

    def order(self, ref: str) -> Any:
        """The order as it is shown."""
        answer = self.call("GET", f"/orders/{ref}")
        assert answer.status_code == 200
        return answer.json()

    def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str | None]:
        """Status of a refusal and the field that it names."""
        answer = self.call(method, path, body)
        errors = answer.json()["Errors"]
        return answer.status_code, errors[0]["Field"] if errors else None


@pytest.fixture
def svea(emulator: EmulatorClient) -> Svea:
    """Payment Admin as the account of `desk` sees it."""
    svea_account(emulator)
    return Svea(emulator)
