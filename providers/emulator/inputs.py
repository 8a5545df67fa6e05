"""Reading the JSON of control calls: each reader returns the value or raises `BadInput` with a sentence."""

from datetime import datetime

from .book import Book
from .records import Account, Json

LARGEST_MINOR = 10**15


class BadInput(Exception):
    """What is wrong with a control call, for people; `status` is the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def text(body: Json, name: str) -> str:
    """A text that has to be there."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{name} is missing or is not text.")
    return value


def optional_text(body: Json, name: str) -> str | None:
    """A text or None."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(f"{name} has to be text.")
    return value


def integer(body: Json, name: str) -> int:
    """A whole number that has to be there."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"{name} is missing or is not a whole number.")
    return value


def number(body: Json, name: str) -> float:
    """A number of seconds that has to be there; at most a hundred years either way."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 3.2e9:
        raise BadInput(f"{name} is missing or is not a number.")
    return float(value)


def amount(body: Json, name: str, usual: int | None = None, minimum: int = 1) -> int:
    """An amount in minor units; `usual` when absent, where that is allowed."""
    if name not in body and usual is not None:
        return usual
    value = integer(body, name)
    if not minimum <= value <= LARGEST_MINOR:
        raise BadInput(f"{name} has to be from {minimum} to {LARGEST_MINOR} in minor units.")
    return value


def object_of(body: Json, name: str) -> Json:
    """An object, or an empty one when absent."""
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise BadInput(f"{name} has to be an object.")
    return dict(value)


def moment(body: Json, name: str) -> datetime | None:
    """A moment with its zone, or None."""
    if (value := optional_text(body, name)) is None:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise BadInput(f"{name} has to be a moment with a zone, as 2026-01-15T03:00:00Z.")
    return read


def account_of(book: Book, provider: str, body: Json) -> Account:
    """The account that `account` names, by its id or secret key."""
    account = book.find_account(provider, text(body, "account"))
    if account is None:
        raise BadInput("There is no such account; add it with POST accounts.", 404)
    return account
