"""One order and one refund of it, as the description shows them; a test holds them against the models."""

from __future__ import annotations

from typing import Any

_ORDER_ID = "5b0c5a53-7f0e-4d41-9d5c-0a6f3f5b8f11"
_PAYMENT_ID = "c1f0a9de-24a5-4d0b-8a3a-7b6f0f3a2e57"
_OPERATION_ID = "9a4a6c55-4cf5-4b3e-a0d2-1f6b8b1f7c90"

ORDER: dict[str, Any] = {
    "id": _ORDER_ID,
    "shop": "tea",
    "mode": "live",
    "number": "10023",
    "status": "paid",
    "status_kind": "paid",
    "amount_minor": 3300,
    "currency": "JPY",
    "buyer_name": "Ana",
    "buyer_email": "ana@example.com",
    "language": "ja",
    "ordered_at": "2026-11-22T08:30:00Z",
    "lines": [
        {
            "name": "Tea pot",
            "quantity": "1",
            "unit_price_minor": 3300,
            "vat_rate": 1000,
            "discount_minor": 0,
            "total_minor": 3300,
            "tax_minor": 300,
            "reference": "POT-1",
            "kind": "goods",
            "unit": "",
        }
    ],
    "payments": [
        {
            "id": _PAYMENT_ID,
            "provider": "komoju",
            "account": "KOMOJU",
            "provider_ref": "7ci27lv9pcc6n7wjzjjuqjqqe",
            "method": "credit_card",
            "state": "captured",
            "currency": "JPY",
            "authorised_minor": 3300,
            "cancelled_minor": 0,
            "captured_minor": 3300,
            "refunded_minor": 0,
            "under_way_minor": 0,
            "hold_expires_at": None,
            "last_read_at": "2026-11-22T08:31:00Z",
            "actions": [
                {"kind": "capture", "available_minor": 0, "partial": False, "lines": [], "why_not": "already_captured"},
                {"kind": "update", "available_minor": 0, "partial": False, "lines": [], "why_not": "not_supported"},
                {"kind": "cancel", "available_minor": 0, "partial": False, "lines": [], "why_not": "already_captured"},
                {"kind": "refund", "available_minor": 3300, "partial": True, "lines": [], "why_not": None},
            ],
        }
    ],
}

OPERATION: dict[str, Any] = {
    "id": _OPERATION_ID,
    "url": f"https://desk.shop.example/api/v1/operations/{_OPERATION_ID}",
    "kind": "refund",
    "stage": "sent",
    "state": "queued",
    "is_over": False,
    "amount_minor": 1100,
    "currency": "JPY",
    "new_total_minor": None,
    "lines": [],
    "payment_id": _PAYMENT_ID,
    "order_id": _ORDER_ID,
    "order_number": "10023",
    "shop": "tea",
    "reason": "returned",
    "comment": None,
    "idempotency_key": "refund-10023-1",
    "asked_at": "2026-11-22T09:00:00Z",
    "planned_at": "2026-11-22T09:00:00Z",
    "ended_at": None,
    "provider_code": None,
    "provider_message": None,
}

METHOD: dict[str, Any] = {
    "account": "KOMOJU",
    "provider": "komoju",
    "method": "konbini",
    "currency": "JPY",
    "names": {"en": "Konbini", "ja": "コンビニ"},
    "subtypes": ["lawson"],
}
