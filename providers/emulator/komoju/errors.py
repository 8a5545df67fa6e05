"""KOMOJU's error bodies and codes (page, section 11)."""

from ..records import Account, Json, Refused
from ..wire import Answer, json_answer

USUAL_CODES = {
    400: "bad_request",
    401: "unauthorized",
    402: "request_failed",
    403: "forbidden",
    404: "not_found",
    422: "unprocessable_entity",
    500: "internal_server_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
}
CONFLICTS = {"not_refundable", "not_cancellable", "not_capturable"}
REFUSALS = {"capture": "not_capturable", "cancel": "not_cancellable"}


class Problem(Exception):
    """An error answer, raised from inside a handler."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.answer = error_answer(status, message, code, param)


def error_answer(status: int, message: str, code: str | None = None, param: str | None = None) -> Answer:
    """An error in KOMOJU's form."""
    word = code or USUAL_CODES.get(status, "unknown_error")
    body: Json = {"error": {"code": word, "message": message, "param": param, "details": None}}
    return json_answer(status, body)


def refusal_answer(refusal: Refused, account: Account) -> Answer:
    """A refusal of the ledger as KOMOJU says it; conflict codes have the account's `conflict_status`."""
    if refusal.code in CONFLICTS:
        status = int(account.switches.get("conflict_status", 422))
        return error_answer(status, refusal.message, refusal.code, refusal.param)
    if refusal.code == "not_found":
        return error_answer(404, refusal.message)
    return error_answer(422, refusal.message, None, refusal.param)
