"""An order as it goes over the wire (page, section 2.1)."""

from datetime import datetime

from ..clock import wire_time
from ..records import Account, Json, Payment
from .moves import remaining


def order_json(payment: Payment, account: Account) -> Json:
    """The order object. `lower_case_currency` and `no_refund_ids` are switches for what the page leaves open."""
    picture = payment.picture
    country, currency = picture["country"], payment.currency
    if account.switches.get("lower_case_currency"):
        country, currency = country.lower(), currency.lower()
    refunds = picture["refunds"]
    if account.switches.get("no_refund_ids"):
        refunds = [{name: value for name, value in row.items() if name != "refund_id"} for row in refunds]
    return {
        "order_id": payment.reference,
        "status": picture["status"],
        "fraud_status": picture["fraud_status"],
        "order_amount": picture["order_amount"],
        "original_order_amount": picture["original_order_amount"],
        "captured_amount": payment.captured_minor,
        "refunded_amount": payment.refunded_minor,
        "remaining_authorized_amount": remaining(payment),
        "purchase_country": country,
        "purchase_currency": currency,
        "locale": picture["locale"],
        "created_at": _with_milliseconds(payment.created_at),
        "expires_at": wire_time(datetime.fromisoformat(picture["expires_at"])),
        "klarna_reference": picture["klarna_reference"],
        "merchant_reference1": picture["merchant_reference1"],
        "merchant_reference2": picture["merchant_reference2"],
        "order_lines": picture["order_lines"],
        "captures": picture["captures"],
        "refunds": refunds,
        "initial_payment_method": {"type": picture["type"], "description": picture["type"].replace("_", " ").title()},
        "billing_address": {"given_name": "Test", "family_name": "Buyer", "email": picture["email"]},
        "customer": {},
    }


def _with_milliseconds(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
