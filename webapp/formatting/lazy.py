"""Texts of modules and forms, translated when they are shown."""

from __future__ import annotations

from typing import Any, cast

from flask_babel import lazy_gettext


def _l(text: str, **values: Any) -> str:
    """`text` in the language of whoever reads it later; behaves as a str in templates and in `str(…)`."""
    return cast("str", lazy_gettext(text, **values))
