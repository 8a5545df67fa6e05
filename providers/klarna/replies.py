"""What an answer to a write means: the error table (section 4), made stricter by money-safety section 6."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from providers.http import Answer
from providers.kinds import OperationKind, Outcome
from providers.port import Reply, WireCall
from providers.reading import Unreadable, an_array, an_object, optional_text, parse

STATE_CONFLICTS = frozenset({"CAPTURE_NOT_ALLOWED", "CANCEL_NOT_ALLOWED", "REFUND_NOT_ALLOWED", "NOT_ALLOWED"})
PAYMENT_METHOD_FAILED = "PAYMENT_METHOD_FAILED"
NOT_FOUND = frozenset({"NO_SUCH_ORDER", "NO_SUCH_CAPTURE", "NOT_FOUND", "INVALID_ORDER_ID"})
REFUSALS = frozenset(
    {(404, code) for code in NOT_FOUND}
    | {(413, "REQUEST_TOO_LARGE"), (422, "UNPROCESSABLE_ENTITY"), (422, "INVALID_ADDRESS")}
)
GOOD = frozenset({200, 201, 204})
METHOD_FAILED_WAIT_S = 4 * 3600
SHORTEST_WAIT_S = 5
LONGEST_WAIT_S = 24 * 3600
MESSAGE_LENGTH = 500
ID_HEADERS = {OperationKind.CAPTURE: "capture-id", OperationKind.REFUND: "refund-id"}


@dataclass(frozen=True, slots=True)
class ApiError:
    """The error form of section 4; all None where the body is something else."""

    code: str | None = None
    message: str | None = None
    correlation_id: str | None = None


def classify(call: WireCall, answer: Answer) -> Reply:
    """The one reading of an answer to a money call; never raises."""
    reply = plain(answer)
    if reply.outcome is not Outcome.DONE or call.kind not in ID_HEADERS:
        return reply
    location = answer.headers.get("location", "")
    if location and call.payment_ref.lower() not in location.lower():
        return replace(reply, outcome=Outcome.IN_DOUBT, message="the answer is about another order")
    found = answer.headers.get(ID_HEADERS[call.kind]) or location.rstrip("/").rpartition("/")[2]
    return replace(reply, movement_id=found or None)


def plain(answer: Answer) -> Reply:
    """An answer to any write, without looking for ids. A success carries no amount: the next read shows it (R5)."""
    if answer.status in GOOD:
        return _good(answer)
    error = read_error(answer.body)
    outcome = _outcome(answer.status, error.code)
    reply = Reply(
        outcome=outcome,
        http_status=answer.status,
        code=error.code,
        message=error.message,
        redacted=_shown(answer, error),
        state_conflict=outcome is Outcome.ASK,
    )
    if answer.status in (409, 429) or "retry-after" in answer.headers:
        reply = replace(reply, retry_after_s=wait_s(answer))
    if outcome is not Outcome.NOT_APPLIED or answer.status == 429:
        return reply
    if error.code == PAYMENT_METHOD_FAILED:
        return replace(reply, fresh_key=True, retry_after_s=METHOD_FAILED_WAIT_S)
    return replace(reply, credentials_refused=True)


def _outcome(status: int, code: str | None) -> Outcome:
    if status in (400, 403) and code in STATE_CONFLICTS:
        return Outcome.ASK
    if status in (401, 403, 429):
        return Outcome.NOT_APPLIED
    if (status, code) in REFUSALS or (status == 400 and code):
        return Outcome.REFUSED
    return Outcome.IN_DOUBT  # 3xx, 408, 409, 5xx and every 4xx that is not listed


def _good(answer: Answer) -> Reply:
    """Nothing or a JSON text is Klarna's; a page comes from somebody in between, who may have sent nothing on."""
    reply = Reply(outcome=Outcome.DONE, http_status=answer.status, redacted=_shown(answer, ApiError()))
    if not answer.body.strip():
        return reply
    try:
        parse(answer.body)
    except Unreadable as error:
        return replace(reply, outcome=Outcome.IN_DOUBT, message=str(error))
    return reply


def read_error(body: bytes) -> ApiError:
    """The error in `body`, which may be absent or a gateway's page: never fails."""
    try:
        error = an_object(parse(body), "answer")
        code, correlation = optional_text(error, "error_code"), optional_text(error, "correlation_id")
        texts = [text for text in an_array(error.get("error_messages"), "error_messages") if isinstance(text, str)]
    except Unreadable:
        return ApiError()
    return ApiError(code or None, " ".join(texts)[:MESSAGE_LENGTH] or None, correlation)


def wait_s(answer: Answer) -> int:
    """Seconds by `X-Ratelimit-Reset`, else `Retry-After`; at least 5, at most a day."""
    value = (answer.headers.get("x-ratelimit-reset") or answer.headers.get("retry-after") or "").strip()
    seconds = int(value[:9]) if value.isascii() and value.isdigit() else 0
    return min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)


def _shown(answer: Answer, error: ApiError) -> str:
    """Status, ids and the error; the correlation id is what Klarna's support asks for (section 1.2)."""
    shown = {
        "error_code": error.code,
        "error_messages": error.message,
        "correlation_id": answer.headers.get("klarna-correlation-id") or error.correlation_id,
        **{name: answer.headers.get(name) for name in ID_HEADERS.values()},
    }
    kept = {name: value for name, value in shown.items() if value}
    return f"HTTP {answer.status} {json.dumps(kept)}, {len(answer.body)} bytes"
