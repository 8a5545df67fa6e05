"""What may stand in a mail's header: addresses parsed and written anew, no control characters (ASVS 1.3.11)."""

from __future__ import annotations

import unicodedata
from email.errors import HeaderParseError
from email.headerregistry import Address

LONGEST = 254


def find_usable(address: str) -> str | None:
    """The address as it may stand in a header and an envelope; None when it is none. Its host becomes ASCII."""
    name, at, host = address.strip().rpartition("@")
    if not (name and at and host) or not is_clean(address.strip()):
        return None
    try:
        parsed = Address(username=name, domain=host.encode("idna").decode())
        spec = parsed.addr_spec
    except (ValueError, HeaderParseError, IndexError):
        return None
    is_plain = spec.isascii() and ".." not in spec and not set(spec) & set(' <>,;:"\\()[]')
    return spec if is_plain and len(spec) <= LONGEST else None


def is_clean(text: str) -> bool:
    """Whether it holds no control character, line separator or lone surrogate."""
    return not any(unicodedata.category(each) in {"Cc", "Zl", "Zp", "Cs"} for each in text)


def one_line(text: str) -> str:
    """Words of people for a subject: one line without control characters."""
    return " ".join("".join(each if is_clean(each) else " " for each in text).split())
