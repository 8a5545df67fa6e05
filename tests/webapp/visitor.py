"""A signed-in person at a browser without scripts, for the pages that move money."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.pages import Element, Form, PageView
from webapp.security.guard import TOKEN
from webapp.services import runtime, sessions
from webapp.services.unit_of_work import Tx, in_transaction


@dataclass(frozen=True)
class Button:
    """A button of a form; `address` is where it sends the form instead of the form's own."""

    text: str
    name: str
    value: str
    address: str


def _words(text: str) -> str:
    return " ".join(text.split())


class Seen(PageView):
    """An answer, read. Whole pages are checked."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__(response)
        self.html = self.text
        if "<html" in self.html:
            self.check()

    @property
    def words(self) -> str:
        """All that stands on the page, as a reader sees it."""
        return _words((self.all("main") or self._reader.elements)[0].text)

    @property
    def h1(self) -> str:
        """The heading."""
        return _words(self.heading)

    @property
    def field_errors(self) -> list[str]:
        """The messages at the fields."""
        found = [each for each in self.all("p") if "field-error" in each.attributes.get("class", "")]
        return [_words(each.text).removeprefix("Error: ") for each in found]

    def has_form(self, ending: str) -> bool:
        """Whether a form goes to an address that ends so."""
        return any(each.action.endswith(ending) for each in self.forms)

    def the_form(self, ending: str) -> Form:
        """The form that goes to an address that ends so."""
        return next(each for each in self.forms if each.action.endswith(ending))

    def buttons(self, ending: str) -> list[Button]:
        """The buttons of that form, those that stand outside of it too."""
        found: list[Button] = []
        inside: Element | None = None
        wanted = next(each for each in self.all("form") if each.attributes.get("action", "").endswith(ending))
        for each in self._reader.elements:
            inside = each if each.tag == "form" else inside
            named = each.attributes
            if each.tag == "button" and (
                named["form"] == wanted.attributes["id"] if "form" in named else inside is wanted
            ):
                found.append(
                    Button(
                        _words(each.text), named.get("name", ""), named.get("value", ""), named.get("formaction", "")
                    )
                )
        return found

    def link(self, address: str) -> str:
        """The words of the link to an address."""
        return next(_words(each.text) for each in self.all("a") if each.attributes.get("href") == address)


class Visitor:
    """One signed-in person with cookies of their own; the sign-in form has its own tests."""

    def __init__(self, app: Flask, user_id: uuid.UUID, mode: str = "test") -> None:
        def start(tx: Tx) -> str:
            return sessions.start(tx, user_id, runtime.current().clock.now(tx))

        token = in_transaction(start)
        self.client: FlaskClient = app.test_client()
        with self.client.session_transaction() as cookie:
            cookie[TOKEN] = token
        if mode == "test":
            self.submit(self.get("/refunds"), "/frame/mode", mode="test")

    def get(self, address: str) -> Seen:
        """Open a page; redirects are followed."""
        return Seen(self.client.get(address, follow_redirects=True))

    def post(self, address: str, data: dict[str, Any]) -> Seen:
        """Send what a form would send; redirects are followed."""
        return Seen(self.client.post(address, data=data, follow_redirects=True))

    def submit(self, page: Seen, ending: str, **changes: str) -> Seen:
        """Send a form of the page with some fields changed."""
        form = page.the_form(ending)
        return self.post(form.action, form.values | changes)

    def press(self, page: Seen, ending: str, button: str) -> Seen:
        """Press a button of a form that sends it elsewhere, like "Change amount"."""
        pressed = next(each for each in page.buttons(ending) if each.text == button)
        address = re.sub("#.*", "", pressed.address)
        return self.post(address, page.the_form(ending).values | {pressed.name: pressed.value})

    def token(self) -> str:
        """A form token of this person's session, for posts without a form."""
        return str(self.get("/refunds").the_form("/frame/mode").values["csrf_token"])
