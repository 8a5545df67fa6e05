"""What travels between the server and a provider's profile: a call in, an answer out."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any


class HangUp(Exception):
    """Close the connection without an answer."""


@dataclass(frozen=True)
class Call:
    """One request of the product, as far as it matters; `name` is the profile's word for the endpoint.

    `twist_minor` is added to the amount of the effect, `as_of` makes a read old: both come from faults.
    """

    provider: str
    name: str
    method: str
    path: str
    args: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    raw: str
    host: str
    twist_minor: int = 0
    as_of: datetime | None = None

    @property
    def is_write(self) -> bool:
        """Whether the call may change something."""
        return self.method != "GET"

    @property
    def digest(self) -> str:
        """SHA-256 over method, path and body: the same only for a true repeat."""
        return hashlib.sha256(f"{self.method} {self.path}\n{self.raw}".encode()).hexdigest()

    def header(self, name: str) -> str | None:
        """A header by its lower-case name."""
        return self.headers.get(name)


@dataclass(frozen=True)
class Answer:
    """What goes back. `cut` sends half of the body and closes; `trickle` spreads it over so many seconds."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    cut: bool = False
    trickle: float = 0.0

    def having(self, **changes: Any) -> "Answer":
        """The same answer with some fields changed."""
        return replace(self, **changes)


def to_json(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def json_answer(status: int, value: Any) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, to_json(value))
