"""Klarna's error bodies and codes (page, section 4); every answer carries a correlation id."""

from uuid import uuid4

from ..records import Json, Refused
from ..wire import Answer, json_answer

CORRELATION = "Klarna-Correlation-Id"
USUAL_CODES = {
    400: "BAD_VALUE",
    403: "NOT_ALLOWED",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: "REQUEST_TOO_LARGE",
    422: "UNPROCESSABLE_ENTITY",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_SERVER_ERROR",
    502: "TEMPORARILY_UNAVAILABLE",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "TEMPORARILY_UNAVAILABLE",
}
REFUSED = {
    "capture": "CAPTURE_NOT_ALLOWED",
    "cancel": "CANCEL_NOT_ALLOWED",
    "refund": "REFUND_NOT_ALLOWED",
}
"""The code by which a call says that the order's state does not allow it; NOT_ALLOWED for all others."""


class Problem(Exception):
    """An error answer, raised from inside a handler."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.answer = error_answer(status, message, code)


def error_answer(status: int, message: str, code: str | None = None) -> Answer:
    """An error in Klarna's form; 401 has no body."""
    correlation = str(uuid4())
    if status == 401:
        return Answer(401, b"", {CORRELATION: correlation})
    word = (code or USUAL_CODES.get(status, "UNEXPECTED_ERROR")).upper()
    body: Json = {"error_code": word, "error_messages": [message], "correlation_id": correlation}
    return json_answer(status, body).having(headers={CORRELATION: correlation})


def refusal_answer(refusal: Refused, call_name: str) -> Answer:
    """403 with the code of the refusal; where the ledger's own sums refuse, with that of the call."""
    code = refusal.code if refusal.code.isupper() else REFUSED.get(call_name, "NOT_ALLOWED")
    return error_answer(403, refusal.message, code)


def stamped(answer: Answer) -> Answer:
    """The answer with a correlation id, where it has none."""
    return answer.having(headers={CORRELATION: str(uuid4()), **answer.headers})
