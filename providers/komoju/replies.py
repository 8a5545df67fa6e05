"""What an answer to a write means: the error table (section 11), made stricter by money-safety section 6."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from providers.http import Answer
from providers.kinds import MovementKind, OperationKind, Outcome
from providers.komoju import mapping
from providers.port import Reply, WireCall
from providers.reading import Unreadable, an_object, optional_text, parse
from providers.snapshots import Movement, PaymentSnapshot

LOOK_UP_FIRST = frozenset({"not_refundable", "not_cancellable", "not_capturable"})
"""State conflicts; their HTTP status is unconfirmed, so the code decides whatever 4xx carries it."""

REFUSALS = frozenset(
    {
        (400, "bad_request"),
        (404, "not_found"),
        (422, "unprocessable_entity"),
        (422, "missing_parameter"),
        (422, "invalid_payment_type"),
        (422, "invalid_token"),
        (422, "invalid_currency"),
    }
)
SHORTEST_WAIT_S = 5
LONGEST_WAIT_S = 24 * 3600
MESSAGE_LENGTH = 500
MOVES = {
    OperationKind.CAPTURE: MovementKind.CAPTURE,
    OperationKind.CANCEL: MovementKind.CANCEL,
    OperationKind.REFUND: MovementKind.REFUND,
}


@dataclass(frozen=True, slots=True)
class ApiError:
    """The error form of section 11; all None where the body is something else."""

    code: str | None = None
    message: str | None = None
    param: str | None = None


def classify(call: WireCall, answer: Answer) -> Reply:
    """The one reading of an answer; never raises."""
    if 200 <= answer.status < 300:
        return _good(call, answer)
    outcome, error = outcome_and_error(answer)
    reply = Reply(
        outcome=outcome,
        http_status=answer.status,
        code=error.code,
        message=error.message,
        redacted=_shown_error(answer, error),
        state_conflict=outcome is Outcome.ASK and error.code in LOOK_UP_FIRST,
    )
    if answer.status in (409, 429) or "retry-after" in answer.headers:
        reply = replace(reply, retry_after_s=retry_after_s(answer.headers))
    return replace(reply, credentials_refused=reply.outcome is Outcome.NOT_APPLIED and answer.status != 429)


def outcome_and_error(answer: Answer) -> tuple[Outcome, ApiError]:
    """What an answer that is no 2xx means (section 11), and the error in it."""
    error = read_error(answer.body)
    return _outcome(answer.status, error), error


def _outcome(status: int, error: ApiError) -> Outcome:
    if 400 <= status < 500 and error.code in LOOK_UP_FIRST:
        return Outcome.ASK
    if status == 402:
        return Outcome.ASK  # refused by the processor: believed after one look-up
    if status in (401, 403, 429):
        return Outcome.NOT_APPLIED
    if (status, error.code) in REFUSALS or (status == 422 and error.code and error.param):
        return Outcome.REFUSED
    return Outcome.IN_DOUBT  # 3xx, 408, 409, 5xx and every 4xx that is not listed


def read_error(body: bytes) -> ApiError:
    """The error in `body`, which may be absent or a gateway's page: never fails."""
    try:
        error = an_object(an_object(parse(body), "answer").get("error"), "error")
        code, message, param = (optional_text(error, name) for name in ("code", "message", "param"))
    except Unreadable:
        return ApiError()
    return ApiError(code, message and message[:MESSAGE_LENGTH], param)


def retry_after_s(headers: Mapping[str, str]) -> int:
    """Seconds to wait by `Retry-After`, in seconds or as a date; at least 5, at most a day."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        seconds = int(value[:9])
    else:
        seconds = _seconds_between(headers.get("date", ""), value)
    return min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)


def _seconds_between(answered: str, until: str) -> int:
    """By the server's own clock, so that ours does not matter; 0 where either date cannot be read."""
    try:
        return int((parsedate_to_datetime(until) - parsedate_to_datetime(answered)).total_seconds())
    except (ValueError, TypeError):  # TypeError: one of them without its zone
        return 0


def _good(call: WireCall, answer: Answer) -> Reply:
    """A 2xx: believed only where the body shows the effect; 202 and 204 are read again like all else."""
    by_request = call.path.endswith("/refund_request")
    doubt = Reply(
        outcome=Outcome.ACCEPTED if by_request else Outcome.IN_DOUBT,  # section 6: any 2xx is accepted
        http_status=answer.status,
        redacted=f"HTTP {answer.status}, no payment in {len(answer.body)} bytes",
    )
    try:
        body = answer.json()
        payment = mapping.snapshot(body)
    except Unreadable as error:
        return replace(doubt, message=str(error))
    doubt = replace(doubt, redacted=_shown_payment(answer.status, payment))
    if payment.provider_ref != call.payment_ref or payment.authorised.currency != call.currency:
        return replace(doubt, message="the answer is about another payment or currency")
    if by_request:
        return replace(doubt, pending_id=_pending_id(call, payment), snapshot=payment)
    return _compared(call, payment, doubt)


def _pending_id(call: WireCall, payment: PaymentSnapshot) -> str | None:
    ours = [effect.id for effect in payment.pending if effect.reference == call.operation_id]
    return ours[0] if len(ours) == 1 else None


def _compared(call: WireCall, payment: PaymentSnapshot, doubt: Reply) -> Reply:
    """DONE where exactly one movement is ours and of the asked amount (R5), else in doubt with what was seen.

    A capture's snapshot is left out: without the sum authorised before, it would show a part capture as a
    smaller authorisation.
    """
    if call.kind is not OperationKind.CAPTURE:
        doubt = replace(doubt, snapshot=payment)
    ours = [movement for movement in payment.movements if _is_ours(call, movement)]
    if len(ours) != 1:
        return replace(doubt, message=f"the answer shows {len(ours)} movements of this operation")
    seen = replace(doubt, movement_id=ours[0].id, money=ours[0].money)
    if ours[0].money.minor != call.amount_minor:
        return replace(seen, message=f"asked for {call.amount_minor}, shown {ours[0].money.minor}")
    return replace(seen, outcome=Outcome.DONE)


def _is_ours(call: WireCall, movement: Movement) -> bool:
    if movement.kind is not MOVES[call.kind]:
        return False
    return call.kind is not OperationKind.REFUND or movement.reference == call.operation_id


def _shown_payment(status: int, payment: PaymentSnapshot) -> str:
    """The answer without the buyer's data."""
    shown: dict[str, Any] = {
        "id": payment.provider_ref,
        "state": payment.state.value,
        "currency": payment.captured.currency,
        **{name: payment.kept[name] for name in ("total", "tax", "payment_method_fee", "amount_refunded")},
        "movements": [[movement.kind.value, movement.id, movement.money.minor] for movement in payment.movements],
    }
    return f"HTTP {status} {json.dumps(shown)}"


def _shown_error(answer: Answer, error: ApiError) -> str:
    if error.code is None:
        return f"HTTP {answer.status}, {len(answer.body)} bytes that are no error form"
    shown = {"code": error.code, "message": error.message, "param": error.param}
    return f"HTTP {answer.status} {json.dumps(shown)}"
