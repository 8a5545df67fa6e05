"""A person with a browser that runs no scripts: follows forms and links, and looks at every page that comes back."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp.security.guard import TOKEN
from webapp.services import runtime, sessions
from webapp.services.unit_of_work import Tx, in_transaction

VOID = frozenset({"input", "meta", "link", "br", "path", "rect", "hr", "img"})


@dataclass
class SeenForm:
    """A form of a page: where it goes, what it would send, and its buttons as (text, name, value, formaction)."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.title, self.h1, self.text = "", [""], ""
        self.ids: list[str] = []
        self.links: dict[str, str] = {}
        self.forms: list[SeenForm] = []
        self.errors: list[str] = []
        self.elsewhere: list[tuple[str, tuple[str, str, str, str]]] = []
        self.form_ids: dict[str, SeenForm] = {}
        self._open: list[tuple[str, dict[str, str]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "form":
            self.forms.append(SeenForm(named.get("action", "")))
            self.form_ids[named.get("id", "")] = self.forms[-1]
        if tag == "button":
            made = ("", named.get("name", ""), named.get("value", ""), named.get("formaction", ""))
            if "form" in named:
                self.elsewhere.append((named["form"], made))
            elif self._inside("form"):
                self.forms[-1].buttons.append(made)
        if tag == "input" and "name" in named and self._inside("form"):
            is_choice = named.get("type") in {"radio", "checkbox"}
            if not is_choice or "checked" in named:
                self.forms[-1].fields[named["name"]] = named.get("value", "")
        if tag == "select" and self._inside("form"):
            self._select = named.get("name", "")
            self.forms[-1].fields[self._select] = ""
        if tag == "option" and "selected" in named and self._select:
            self.forms[-1].fields[self._select] = named.get("value", "")
        if tag == "textarea" and self._inside("form"):
            self.forms[-1].fields[named["name"]] = ""
        if tag == "p" and "field-error" in named.get("class", ""):
            self.errors.append("")
        if tag not in VOID:
            self._open.append((tag, named))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, named = self._open[-1] if self._open else ("", {})
        if tag == "title":
            self.title += data
            return
        if tag in {"style", "script"}:
            return
        self.text += data
        if self._inside("h1"):
            self.h1[0] += data
        if self._inside("a"):
            href = next(attrs["href"] for name, attrs in reversed(self._open) if name == "a")
            self.links[href] = self.links.get(href, "") + data
        if tag == "textarea":
            self.forms[-1].fields[named["name"]] += data.removeprefix("\r\n").removeprefix("\n")
        if tag == "p" and "field-error" in named.get("class", ""):
            self.errors[-1] += data  # without the hidden word in front
        if self._inside("button") and self._inside("form") and self.forms and self.forms[-1].buttons:
            text, *rest = self.forms[-1].buttons[-1]
            self.forms[-1].buttons[-1] = (text + data, *rest)  # type: ignore[assignment]

    def _inside(self, tag: str) -> bool:
        return any(name == tag for name, _ in self._open)


class Seen:
    """An answer, read. Whole pages are checked: one h1, a title, unique ids."""

    def __init__(self, answer: TestResponse) -> None:
        self.status, self.headers = answer.status_code, answer.headers
        self.html = answer.get_data(as_text=True)
        self._read = _Reader()
        self._read.feed(self.html)
        for form_id, made in self._read.elsewhere:
            self._read.form_ids[form_id].buttons.append(made)
        self.title, self.links = self._read.title, self._read.links
        self.text = " ".join(self._read.text.split())
        self.errors = [" ".join(error.split()) for error in self._read.errors]
        if "<html" in self.html:
            assert self.html.count("<h1") == 1, f"{self.html.count('<h1')} h1 on {self.title}"
            assert self.title.strip()
            twice = {name for name in self._read.ids if self._read.ids.count(name) > 1}
            assert not twice, f"ids that occur twice: {twice}"

    @property
    def h1(self) -> str:
        """The heading."""
        return " ".join(self._read.h1[0].split())

    def form(self, ending: str) -> SeenForm:
        """The form whose address ends so."""
        return next(each for each in self._read.forms if each.action.endswith(ending))

    def has_form(self, ending: str) -> bool:
        """Whether such a form is on the page."""
        return any(each.action.endswith(ending) for each in self._read.forms)

    def buttons(self, ending: str) -> list[str]:
        """The words on the buttons of that form."""
        return [" ".join(text.split()) for text, *_ in self.form(ending).buttons]


class Visitor:
    """One signed-in person with cookies of their own."""

    def __init__(self, app: Flask, user_id: uuid.UUID, mode: str = "test") -> None:
        def start(tx: Tx) -> str:
            return sessions.start(tx, user_id, runtime.current().clock.now(tx))

        token = in_transaction(start)
        self.client: FlaskClient = app.test_client()
        with self.client.session_transaction() as cookie:
            cookie[TOKEN] = token
        if mode == "test":
            page = self.get("/")
            self.submit(page, "/frame/mode", mode="test")

    def get(self, address: str, **headers: str) -> Seen:
        """Open a page; redirects are followed."""
        return Seen(self.client.get(address, headers=headers, follow_redirects=True))

    def post(self, address: str, data: dict[str, str]) -> Seen:
        """Send what a form would send; redirects are followed."""
        return Seen(self.client.post(address, data=data, follow_redirects=True))

    def submit(self, page: Seen, ending: str, to: str = "", **changes: str) -> Seen:
        """Send a form of the page with some fields changed; `to` is another address (a button's formaction)."""
        form = page.form(ending)
        return self.post(re.sub("#.*", "", to) or form.action, form.fields | changes)
