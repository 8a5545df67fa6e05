"""Texts of modules and forms, translated when they are shown."""

from __future__ import annotations

from typing import Any, cast

from webapp.formatting.texts import TEXTS


def _l(text: str, **values: Any) -> str:
    """`text` in the language of whoever reads it later; behaves as a str in templates and in `str(…)`."""
    return cast("str", TEXTS.lazy_gettext(text, **values))  # type: ignore[no-untyped-call]
