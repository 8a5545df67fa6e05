"""Svea's error object (section 5); numbers and texts are invented, as no list of them is published."""

from ..wire import Answer, json_answer


class Problem(Exception):
    """A call that Svea refuses."""

    def __init__(self, status: int, message: str, field: str = "", code: int = 50000) -> None:
        super().__init__(message)
        self.answer = error_answer(status, message, field, code)


def error_answer(status: int, message: str, field: str = "", code: int = 0) -> Answer:
    """The error object; details only where a field is named."""
    details = [{"Code": code, "Field": field, "ErrorMessage": message}] if field else []
    return json_answer(
        status, {"Code": status, "Message": "Validation failed" if field else message, "Errors": details}
    )


def not_allowed(action: str) -> Problem:
    """The order does not list the action now."""
    return Problem(400, f"The action {action} is not available.", "Actions", 50001)
