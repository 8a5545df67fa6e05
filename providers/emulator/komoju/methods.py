"""The payment methods of a KOMOJU account (page, section 9), and which of them people have to refund."""

from typing import Any

from ..records import Json

WAITS_FOR_BUYER = {"konbini", "bank_transfer", "pay_easy"}

DEFAULT_METHODS: list[Json] = [
    {
        "type_slug": "credit_card",
        "name_en": "Credit Card",
        "name_ja": "クレジットカード",
        "name_ko": "신용카드",
        "currency": "JPY",
        "subtypes": ["visa", "master"],
        "secure_token_supported": ["visa"],
    },
    {
        "type_slug": "credit_card",
        "name_en": "Credit Card",
        "name_ja": "クレジットカード",
        "name_ko": "신용카드",
        "currency": "USD",
        "subtypes": ["visa", "master"],
    },
    {
        "type_slug": "konbini",
        "name_en": "Konbini",
        "name_ja": "コンビニ",
        "name_ko": "편의점",
        "currency": "JPY",
        "subtypes": ["lawson", "family-mart", "seven-eleven"],
    },
    {
        "type_slug": "bank_transfer",
        "name_en": "Bank Transfer",
        "name_ja": "銀行振込",
        "name_ko": "은행 송금",
        "currency": "JPY",
    },
    {
        "type_slug": "pay_easy",
        "name_en": "Pay-easy",
        "name_ja": "ペイジー",
        "name_ko": "페이지",
        "currency": "JPY",
    },
    {"type_slug": "paypay", "name_en": "PayPay", "name_ja": "PayPay", "name_ko": "PayPay", "currency": "JPY"},
]


def usual_details(method: str) -> Json:
    """What `payment_details` shows for a method when nobody said more."""
    details: dict[str, Any] = {"type": method, "email": "buyer@example.test"}
    if method.startswith("credit_card"):
        details.update(brand="visa", last_four_digits="1111", month=12, year=2030)
    elif method == "konbini":
        details.update(store="lawson")
    return details
