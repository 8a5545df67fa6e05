"""What the services refuse, as problems with pointers to the fields at fault."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from webapp.errors.problems import Problem
from webapp.services.errors import NotAvailable, NotEnough, RuleBroken, StaleVersion

_FIELDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "reason_missing": ("reason", "must be the code of one of the shop's reasons"),
        "comment_missing": ("comment", "is needed with this reason"),
        "comment_too_long": ("comment", "is too long"),
        "bank_details_missing": ("bank_details", "is needed: the provider sends this refund by bank transfer"),
        "unknown_status": ("status", "must be the code or name of one of the shop's order statuses"),
    }
)
_FIXED = {"currency": "currency", "total": "amount_minor"}
BUSY_S = "30"


def problem_of(refusal: RuleBroken) -> Problem:
    """The problem that says what the service refused."""
    if isinstance(refusal, NotEnough):
        currency = str(refusal.facts["currency"])
        detail = f"At most {refusal.available_minor} {currency} (minor units) can be moved now."
        fault = {"pointer": "#/amount_minor", "detail": detail}
        return Problem("not_enough", detail, errors=[fault], available_minor=refusal.available_minor, currency=currency)
    if isinstance(refusal, NotAvailable):
        return Problem("not_available", "This cannot be done with the payment now.", reason=refusal.why.value)
    if isinstance(refusal, StaleVersion):
        return Problem("stale", "The order was changed since you read it.")
    if refusal.code in _FIELDS:
        field, detail = _FIELDS[refusal.code]
        return invalid(field, detail)
    if refusal.code == "fixed_by_payment":
        return invalid(_FIXED[str(refusal.facts["column"])], "cannot be changed: the order has payments")
    return _others(refusal)


def _others(refusal: RuleBroken) -> Problem:
    if refusal.code == "frozen":
        return Problem("frozen", "The payment is frozen.", reason=str(refusal.facts.get("why")))
    if refusal.code in {"key_reused", "request_id_taken"}:
        return Problem("key_reused", "This Idempotency-Key came with another request before.")
    if refusal.code == "order_coming_in":
        return Problem("order_coming_in", "An import is bringing this order in.")
    if refusal.code == "disk_full":
        return Problem("busy", "The desk has no room to write. Nothing was done.", headers={"Retry-After": BUSY_S})
    return Problem("not_available", "This cannot be done now.", reason=refusal.code)


def invalid(field: str, detail: str) -> Problem:
    """One field of the body at fault."""
    return Problem("invalid", "Some fields are wrong.", errors=[{"pointer": f"#/{field}", "detail": detail}])
