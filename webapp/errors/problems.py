"""What the REST API answers when something is wrong: `application/problem+json` (RFC 9457), in English.

KINDS is the whole list; the API's description is made from it, so that no answer can be missing there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, g, request

PREFIX = "/api/"
MIME = "application/problem+json"
DOCS = "/api/docs"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, its title, and what the reader can do."""

    status: int
    title: str
    advice: str


KINDS: Mapping[str, Kind] = {
    "not_understood": Kind(400, "Not understood", "The request could not be read. Correct it."),
    "idempotency_key_missing": Kind(
        400, "Idempotency-Key is missing", "Send a key of your own with each wish, and the same one when you repeat it."
    ),
    "key_refused": Kind(401, "API key refused", "Send `Authorization: Bearer` with a key that was not revoked."),
    "no_right": Kind(403, "Right missing", "Use a key that has the right which this call needs."),
    "not_allowed": Kind(403, "Not allowed", "Browsers cannot call the API from other sites."),
    "not_found": Kind(404, "Not found", "There is no such thing in the shops and the mode of this key."),
    "method_not_allowed": Kind(405, "Method not allowed", "`Allow` names the methods of this address."),
    "still_running": Kind(
        409, "Still running", "The same request is being carried out. Repeat it after the seconds of `Retry-After`."
    ),
    "frozen": Kind(409, "Payment frozen", "Paydesk's sums and the provider's differ. People have to look at it first."),
    "not_available": Kind(
        409, "Not possible now", "The provider or the payment's state does not allow it; see `reason`."
    ),
    "order_coming_in": Kind(
        409, "Order is being imported", "An import with this order is not complete. Try again later."
    ),
    "stale": Kind(412, "Changed meanwhile", "Read the order again, decide again, and send its new `ETag`."),
    "too_large": Kind(413, "Too large", "Send a smaller body."),
    "not_json": Kind(415, "Not JSON", "Send the body as `application/json`."),
    "invalid": Kind(422, "Fields are wrong", "`errors` names each field at fault and why."),
    "key_reused": Kind(
        422, "Idempotency-Key used before", "It belongs to another request. Use a new key for a new wish."
    ),
    "not_enough": Kind(422, "More than is available", "`available_minor` is what there is."),
    "amount_too_low": Kind(
        422, "Below what is captured or promised", "`least_minor` is how far down the amount may go."
    ),
    "if_match_missing": Kind(428, "If-Match is missing", "Send the `ETag` of the order that you saw."),
    "too_many_requests": Kind(429, "Too many requests", "Wait for the seconds of `Retry-After`."),
    "fault": Kind(500, "Fault", "It was written down under `request_id`. Look at what happened before you repeat it."),
    "busy": Kind(503, "Busy", "Nothing was changed. Repeat it after the seconds of `Retry-After`."),
}
_BY_STATUS = {400: "not_understood", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_BY_STATUS |= {415: "not_json", 500: "fault"}


class Problem(Exception):
    """A request that the API does not carry out; becomes an answer of that kind.

    `errors` are the fields at fault: each has `detail`, and `pointer` (into the body), `parameter` or `header`.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.more = more

    @property
    def status(self) -> int:
        """Of the answer."""
        return KINDS[self.code].status

    def body(self) -> str:
        """The problem as JSON."""
        kind = KINDS[self.code]
        content: dict[str, Any] = {
            "type": type_of(self.code),
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": g.get("request_id", ""),
        }
        if self.errors:
            content["errors"] = [dict(error) for error in self.errors]
        return json.dumps(content | self.more, ensure_ascii=False)


def type_of(code: str) -> str:
    """The address at which this kind of problem is described."""
    return f"{DOCS}#problem-{code.replace('_', '-')}"


def is_wanted() -> bool:
    """Whether a program asks, and not a person."""
    return request.path.startswith(PREFIX)


def answer(problem: Problem) -> Response:
    """The problem as an answer."""
    response = Response(problem.body(), problem.status, mimetype=MIME)
    response.headers.update(problem.headers)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Paydesk"'
    return response


def of_status(status: int, detail: str, headers: Mapping[str, str]) -> Response:
    """For what the web framework refuses before a call is reached."""
    code = _BY_STATUS.get(status, "not_understood" if status < 500 else "fault")
    return answer(Problem(code, detail, headers=headers))
