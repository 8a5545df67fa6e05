"""Texts in the reader's language, looked up quickly: a page shows a hundred of them, most through macros.

Flask-Babel finds the request's language anew for each text, and Jinja copies its whole context for each call of its
own `_`. Both showed in the time of every page: so translations are found once a request and `_` is a plain function.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from babel.support import NullTranslations, Translations
from flask import Flask, g, has_app_context
from flask.templating import Environment
from flask_babel import Domain
from markupsafe import Markup

from webapp.extensions import babel


class Texts(Domain):
    """Flask-Babel's domain, whose translations are kept where `force_locale` and `refresh` forget them."""

    def get_translations(self) -> Translations | NullTranslations:
        """The translations of the request's language."""
        context = g.get("_flask_babel") if has_app_context() else None
        kept: Translations | NullTranslations | None = getattr(context, "babel_translations", None)
        if kept is None:
            kept = super().get_translations()  # type: ignore[no-untyped-call]  # Flask-Babel has types in part
            if context is not None:
                context.babel_translations = kept
        return kept


TEXTS = Texts()  # type: ignore[no-untyped-call]


class TemplateEnvironment(Environment):
    """Flask's environment, without a chain of mappings around the globals: each import of macros walked along it."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of all templates, for templates that bring none of their own."""
        return super().make_globals(d) if d else self.globals


def init_app(app: Flask) -> None:
    """Give an app whose Babel is set up these texts, in Python and in templates."""
    babel.domain_instance = TEXTS
    app.jinja_env.globals.update(_=_text, gettext=_text, ngettext=_text_of_number)


def _text(text: str, **values: Any) -> Markup:
    """As Jinja's own: always a format, whose values are escaped."""
    return Markup(TEXTS.get_translations().ugettext(text)) % values  # noqa: S704 - texts are ours


def _text_of_number(singular: str, plural: str, num: int, **values: Any) -> Markup:
    text = TEXTS.get_translations().ungettext(singular, plural, num)
    return Markup(text) % {"num": num, **values}  # noqa: S704 - texts are ours
