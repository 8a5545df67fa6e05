"""Our reference where a provider has room for a few characters only, and people read it (R25)."""

from __future__ import annotations

import hashlib
import re

LETTERS = "23456789BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so that no word comes out; nothing that looks like another
LENGTH = 5
_CODE = re.compile(rf"(?<![0-9A-Za-z])R-[{LETTERS}]{{{LENGTH}}}(?![0-9A-Za-z])")


def short_code(operation_id: str) -> str:
    """The code of an operation, say "R-7Q2M9"; the same id always has the same code.

    One of 17 million: it tells the few operations of one payment apart, and no more than that.
    """
    number = int.from_bytes(hashlib.sha256(operation_id.encode()).digest()[:8])
    code = ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(LETTERS))
        code += LETTERS[place]
    return f"R-{code}"


def find_code(text: str) -> str | None:
    """The first code in a text of the provider, None where there is none."""
    found = _CODE.search(text)
    return found.group() if found else None
