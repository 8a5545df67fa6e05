"""What the services refuse, as problems with pointers to the fields at fault."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from providers.kinds import NotOffered
from webapp.errors.problems import Problem
from webapp.services.errors import NotAvailable, NotEnough, RuleBroken, StaleVersion, TooLow

_FIELDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "reason_missing": ("reason", "must be the code of one of the shop's reasons"),
        "comment_missing": ("comment", "is needed with this reason"),
        "comment_too_long": ("comment", "is too long"),
        "bank_details_missing": ("bank_details", "is needed: the provider sends this refund by bank transfer"),
        "unknown_status": ("status", "must be the code or name of one of the shop's order statuses"),
    }
)
_OF_LINES = {
    NotOffered.LINES_NEEDED: "is needed: the provider is told the order lines",
    NotOffered.LINES_DO_NOT_SUM: "must come to amount_minor",
    NotOffered.WHOLE_UNITS_ONLY: "must have whole quantities",
}
_FIXED = {"currency": "currency", "total": "amount_minor"}
BUSY_S = "30"


def problem_of(refusal: RuleBroken) -> Problem:
    """The problem that says what the service refused."""
    if isinstance(refusal, (NotEnough, TooLow)):
        return _wrong_amount(refusal)
    if isinstance(refusal, NotAvailable):
        about = _OF_LINES.get(refusal.why)
        errors = [{"pointer": "#/lines", "detail": about}] if about else []
        detail = "This cannot be done with the payment now."
        return Problem("not_available", detail, errors=errors, reason=refusal.why.value)
    if isinstance(refusal, StaleVersion):
        return Problem("stale", "The order was changed since you read it.")
    if refusal.code in _FIELDS:
        field, detail = _FIELDS[refusal.code]
        return invalid(field, detail)
    if refusal.code == "fixed_by_payment":
        return invalid(_FIXED[str(refusal.facts["column"])], "cannot be changed: the order has payments")
    return _others(refusal)


def _wrong_amount(refusal: NotEnough | TooLow) -> Problem:
    currency = str(refusal.facts["currency"])
    if isinstance(refusal, NotEnough):
        return too_much(refusal.available_minor, currency)
    detail = f"At least {refusal.least_minor} {currency} (minor units) are captured or promised."
    fault = {"pointer": "#/amount_minor", "detail": detail}
    return Problem("amount_too_low", detail, errors=[fault], least_minor=refusal.least_minor, currency=currency)


def too_much(available_minor: int, currency: str, field: str = "amount_minor") -> Problem:
    """More was asked for than there is, by that field of the body."""
    detail = f"At most {available_minor} {currency} (minor units) can be moved now."
    fault = {"pointer": f"#/{field}", "detail": detail}
    return Problem("not_enough", detail, errors=[fault], available_minor=available_minor, currency=currency)


def _others(refusal: RuleBroken) -> Problem:
    if refusal.code == "frozen":
        return Problem("frozen", "The payment is frozen.", reason=str(refusal.facts.get("why")))
    if refusal.code in {"key_reused", "request_id_taken"}:
        return Problem("key_reused", "This Idempotency-Key came with another request before.")
    if refusal.code == "amount_as_it_is":
        return Problem("not_available", "The payment has this amount already.", reason="amount_as_it_is")
    if refusal.code == "order_coming_in":
        return Problem("order_coming_in", "An import is bringing this order in.")
    if refusal.code == "disk_full":
        return Problem("busy", "The desk has no room to write. Nothing was done.", headers={"Retry-After": BUSY_S})
    return Problem("not_available", "This cannot be done now.", reason=refusal.code)


def invalid(field: str, detail: str) -> Problem:
    """One field of the body at fault."""
    return Problem("invalid", "Some fields are wrong.", errors=[{"pointer": f"#/{field}", "detail": detail}])
