"""The worked exchanges of the KOMOJU page, section 16, and what adapter tests build from them."""

import json
from typing import Any

import httpx

from providers import registry
from providers.kinds import OperationKind, ProviderState
from providers.komoju.adapter import KomojuProvider
from providers.money import Money
from providers.port import MoneyRequest, PaymentFacts, WireCall

SECRET = "sk_test_example"
AUTHORIZATION = "Basic c2tfdGVzdF9leGFtcGxlOg=="
KEY = "0d6f4c1e-7b90-4a77-9d53-3b0e2c648f1e"
CARD = "8k3n6b1v4c7x0z2a5s9d6f3g1"
KONBINI = "4t7y0u3i6o9p2a5s8d1f4g7h0"

A: dict[str, Any] = json.loads("""
{"id": "8k3n6b1v4c7x0z2a5s9d6f3g1", "resource": "payment", "status": "captured",
 "amount": 2200, "tax": 0, "payment_method_fee": 0, "total": 2200, "currency": "JPY", "amount_refunded": 0,
 "captured_at": "2026-01-16T04:00:00Z", "created_at": "2026-01-15T22:10:00Z", "payment_deadline": null,
 "external_order_num": "ORD-1002", "metadata": {}, "description": null, "locale": "ja", "customer": null,
 "session": "2m5n8b1v4c7x0z3l6k9j2h5g8", "customer_family_name": null, "customer_given_name": null,
 "mcc": null,
 "statement_descriptor": null,
 "payment_details": {"type": "credit_card", "brand": "master", "last_four_digits": "4444", "month": 8,
   "year": 2029, "email": "buyer@example.test"},
 "refunds": [], "refund_requests": []}
""")
B_ENTRY: dict[str, Any] = {
    "id": "6y9u2i5o8p1a4s7d0f3g6h9j2",
    "resource": "refund",
    "amount": 700,
    "currency": "JPY",
    "payment": CARD,
    "description": "op_52 mug broken",
    "created_at": "2026-01-18T01:20:00Z",
    "chargeback": False,
}
B: dict[str, Any] = {**A, "amount_refunded": 700, "refunds": [B_ENTRY]}
C: dict[str, Any] = {
    "error": {
        "code": "not_refundable",
        "message": "This payment cannot be refunded.",
        "param": None,
        "details": None,
    }
}
D: dict[str, Any] = json.loads("""
{"id": "4t7y0u3i6o9p2a5s8d1f4g7h0", "resource": "payment", "status": "cancelled", "amount": 5400, "tax": 0,
 "payment_method_fee": 190, "total": 5590, "currency": "JPY", "amount_refunded": 0, "captured_at": null,
 "payment_deadline": "2026-01-20T14:59:59Z", "created_at": "2026-01-17T03:00:00Z",
 "external_order_num": "ORD-1003", "metadata": {},
 "payment_details": {"type": "konbini", "store": "lawson", "email": "buyer@example.test"},
 "refunds": [], "refund_requests": []}
""")
E_CREATED: dict[str, Any] = json.loads("""
{"id": "0a3s6d9f2g5h8j1k4l7z0x3c6", "resource": "session", "mode": "payment", "amount": 3300,
 "currency": "JPY", "session_url": "https://komoju.com/sessions/0a3s6d9f2g5h8j1k4l7z0x3c6",
 "return_url": "https://ops.example.test/komoju/return/lnk_9", "default_locale": "ja",
 "payment_methods": [{"type": "credit_card", "amount": 3300, "currency": "JPY", "brands": ["visa", "master"]},
                     {"type": "paypay", "amount": 3300, "currency": "JPY", "offsite": true}],
 "created_at": "2026-01-19T00:00:00Z", "cancelled_at": null, "completed_at": null, "status": "pending",
 "expired": false, "metadata": {"op": "op_56"},
 "payment_data": {"external_order_num": "ORD-1004", "capture": "manual"},
 "line_items": [{"description": "Kettle", "amount": 3300, "quantity": 1}]}
""")
E_PAYMENT: dict[str, Any] = json.loads("""
{"id": "9d2f5g8h1j4k7l0z3x6c9v2b5", "resource": "payment", "status": "authorized", "amount": 3300, "tax": 0,
 "payment_method_fee": 0, "total": 3300, "currency": "JPY", "amount_refunded": 0, "captured_at": null,
 "external_order_num": "ORD-1004", "session": "0a3s6d9f2g5h8j1k4l7z0x3c6",
 "payment_details": {"type": "credit_card", "brand": "visa", "last_four_digits": "1111", "month": 12,
   "year": 2030},
 "refunds": [], "refund_requests": []}
""")
E_COMPLETED: dict[str, Any] = {
    **E_CREATED,
    "payment_methods": [],
    "completed_at": "2026-01-19T00:07:10Z",
    "status": "completed",
    "payment": E_PAYMENT,
}
F: dict[str, Any] = {
    "resource": "payment_list",
    "total": 0,
    "page": 1,
    "per_page": 50,
    "last_page": 1,
    "start_time": None,
    "end_time": None,
    "data": [],
}


class Wire:
    """Answers one prepared response to every call, and keeps the requests."""

    def __init__(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self._status, self._headers = status, headers or {}
        self._content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(self._status, content=self._content, headers=self._headers)

    @property
    def request(self) -> httpx.Request:
        """The only request."""
        assert len(self.requests) == 1
        return self.requests[0]


def provider(wire: Wire) -> KomojuProvider:
    """An adapter whose network is `wire`."""
    transport = httpx.MockTransport(wire)
    built = registry.build("komoju", "komoju", {"secret_key": SECRET}, transport=transport)
    assert isinstance(built, KomojuProvider)
    return built


def facts(**changed: Any) -> PaymentFacts:
    """A captured card payment of 2200 yen without tax."""
    usual: dict[str, Any] = {
        "provider_state": ProviderState.CAPTURED,
        "method": "credit_card",
        "currency": "JPY",
        "authorised_minor": 2200,
        "captured_minor": 2200,
        "cancelled_minor": 0,
        "refunded_minor": 0,
        "kept": {"tax": 0, "payment_method_fee": 0},
    }
    return PaymentFacts(**{**usual, **changed})


AUTHORISED = facts(provider_state=ProviderState.AUTHORISED, authorised_minor=3300, captured_minor=0)


def wish(kind: OperationKind, minor: int, payment: PaymentFacts, **changed: Any) -> MoneyRequest:
    """A wish of operation `op_52`."""
    usual: dict[str, Any] = {
        "kind": kind,
        "operation_id": "op_52",
        "key": KEY,
        "payment_ref": CARD,
        "money": Money(minor, payment.currency),
        "whole_rest": False,
        "reason": "mug broken",
        "payment": payment,
    }
    return MoneyRequest(**{**usual, **changed})


def call(kind: OperationKind = OperationKind.REFUND, minor: int = 700, **changed: Any) -> WireCall:
    """A stored call of operation `op_52`."""
    usual: dict[str, Any] = {
        "method": "POST",
        "path": f"/payments/{CARD}/{kind.value}",
        "body": b"{}",
        "key": KEY,
        "operation_id": "op_52",
        "kind": kind,
        "amount_minor": minor,
        "currency": "JPY",
        "payment_ref": CARD,
    }
    return WireCall(**{**usual, **changed})
