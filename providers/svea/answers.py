"""Svea's JSON, read the same whatever its letter case (section 2), and the errors in it (section 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.http import Answer
from providers.reading import Unreadable, an_array, an_object, parse

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MESSAGE_LENGTH = 500
_PERSONAL = re.compile(r"[^\s@]+@[^\s@]+|\+?\d{6,8}[-+ ]?\d{4}\b|\+\d[\d -]{6,}")


def read(body: bytes) -> Any:
    """The JSON of an answer with every name in lower case. Raises Unreadable."""
    return _lowered(parse(body.removeprefix(BYTE_ORDER_MARK)))


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.lower(): _lowered(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_lowered(each) for each in value]
    return value


def is_blank(answer: Answer) -> bool:
    """Whether the body holds nothing, as after most changes."""
    return not answer.body.removeprefix(BYTE_ORDER_MARK).strip()


@dataclass(frozen=True, slots=True)
class SveaError:
    """The error of an answer; `is_svea` is false where the body is somebody else's page, or none.

    `code` is None where Svea only repeats the HTTP status.
    """

    code: str | None = None
    message: str | None = None
    is_svea: bool = False


def error_of(answer: Answer) -> SveaError:
    """The error in `answer` in any of the known forms; never fails."""
    try:
        body = an_object(read(answer.body), "error")
    except Unreadable:
        return SveaError(message=_shown([answer.headers.get("errormessage")]))
    details = _details(body)
    codes = [detail.get("code") for detail in details] + [body.get("code"), body.get("resultcode")]
    texts = [body.get("message")]
    texts += [f"{detail.get('field') or ''}: {detail.get('errormessage') or ''}".strip(": ") for detail in details]
    texts += [body.get("errormessage"), answer.headers.get("errormessage")]
    nothing = ("", "0", str(answer.status))
    code = next((str(code) for code in codes if isinstance(code, int | str) and str(code) not in nothing), None)
    return SveaError(code and code[:50], _shown(texts), is_svea="code" in body or "resultcode" in body)


def _details(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    try:
        return [an_object(one, "error") for one in an_array(body.get("errors"), "errors")]
    except Unreadable:
        return []


def _shown(texts: list[Any]) -> str | None:
    """The texts as one line without what could name a buyer: addresses, national ids, phone numbers."""
    said = " · ".join(" ".join(text.split()) for text in texts if isinstance(text, str) and text.strip())
    return _PERSONAL.sub("…", said)[:MESSAGE_LENGTH] or None
