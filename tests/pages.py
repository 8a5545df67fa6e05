"""A browser without scripts for tests: follows links and forms, and checks every page that it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "a rather long pass phrase 7"
VOID = {"input", "meta", "link", "br", "img", "path", "rect", "hr"}
LABELLED = {"input", "select", "textarea"}
UNLABELLED = {"hidden", "submit", "button"}


@dataclass
class Form:
    """A form as it stands on a page, with what it would send."""

    action: str
    method: str
    values: dict[str, Any] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


@dataclass
class Element:
    """A start tag with its attributes, and the text inside."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self._open: list[Element] = []
        self._in_form = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)
        self._note_form(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # without an end: <path/> ends nothing that stands around it

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop().tag == tag:
                break
        if tag == "form":
            self._in_form = False

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data
        opened = self._open[-1] if self._open else None
        if self._in_form and opened and opened.tag == "textarea":
            self.forms[-1].values[opened.attributes["name"]] = data.removeprefix("\r\n").removeprefix("\n")

    def _note_form(self, element: Element) -> None:
        given = element.attributes
        if element.tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            self._in_form = True
        elif self._in_form:
            self._note_field(element.tag, given)

    def _note_field(self, tag: str, given: dict[str, str]) -> None:
        values = self.forms[-1].values
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "button":
            self.forms[-1].buttons.append(given.get("name", ""))
        elif tag == "textarea":
            values[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option":
            if "selected" in given or self._select not in values:
                values[self._select] = given.get("value", "")
        elif tag == "input" and kind in {"checkbox", "radio"}:
            if "checked" in given:
                values.setdefault(name, []).append(given.get("value", "y"))
        elif tag == "input" and name:
            values[name] = given.get("value", "")


class PageView:
    """One answer of the desk; `check` is called for every whole page."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.text = response.get_data(as_text=True)
        self._reader = _Reader()
        self._reader.feed(self.text)

    @property
    def forms(self) -> list[Form]:
        """Every form of the page."""
        return self._reader.forms

    def form(self, action: str) -> Form:
        """The one form that posts to `action`."""
        found = [form for form in self.forms if form.action == action and form.method == "post"]
        assert len(found) == 1, f"{len(found)} forms post to {action}: {[form.action for form in self.forms]}"
        return found[0]

    def all(self, tag: str) -> list[Element]:
        """Every element of that name."""
        return [element for element in self._reader.elements if element.tag == tag]

    @property
    def heading(self) -> str:
        """The text of the one h1."""
        return self.all("h1")[0].text.strip()

    @property
    def title(self) -> str:
        """What the browser's tab says."""
        return self.all("title")[0].text.strip()

    @property
    def errors(self) -> list[str]:
        """The texts of the error box."""
        box = [each for each in self.all("div") if each.attributes.get("id") == "error-summary"]
        return [line.strip() for each in box for line in each.text.splitlines() if line.strip()][1:]

    def check(self) -> None:
        """One h1, a title, unique ids, a label for every field, a header for every column, and a language."""
        assert len(self.all("h1")) == 1, [each.text for each in self.all("h1")]
        assert self.title
        assert self.all("html")[0].attributes.get("lang")
        elements = self._reader.elements
        ids = [each.attributes["id"] for each in elements if "id" in each.attributes]
        assert len(ids) == len(set(ids)), sorted(each for each in ids if ids.count(each) > 1)
        labelled = {each.attributes.get("for") for each in self.all("label")}
        for each in elements:
            if each.tag in LABELLED and each.attributes.get("type") not in UNLABELLED:
                assert each.attributes.get("id") in labelled, each
            for name in ("aria-describedby", "aria-controls"):
                for target in each.attributes.get(name, "").split():
                    assert target in ids, f"{name} of {each.attributes} points nowhere"
            assert "style" not in each.attributes, "the policy refuses styles in elements"
            assert not any(name.startswith("on") for name in each.attributes), "the policy refuses such scripts"
        assert all(each.attributes.get("scope") for each in self.all("th"))
        assert len(self.all("caption")) == len(self.all("table"))


class Desk:
    """A person at a browser without scripts; every page that is fetched is checked."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, address: str, status: int = 200, **more: Any) -> PageView:
        """Fetch a page, follow redirects, and check it."""
        return self._shown(self.client.get(address, follow_redirects=True, **more), status)

    def post(self, address: str, values: Mapping[str, Any], status: int = 200, **more: Any) -> PageView:
        """Send values, follow the redirect, and check the page it leads to."""
        return self._shown(self.client.post(address, data=values, follow_redirects=True, **more), status)

    def send(self, page: PageView, action: str, status: int = 200, **changes: Any) -> PageView:
        """Fill in and send the form of `page` that posts to `action`."""
        return self.post(action, page.form(action).values | changes, status)

    def sign_in(self, email: str, password: str = PASSWORD, status: int = 200, **more: Any) -> PageView:
        """Go through the sign-in form."""
        page = self.get("/sign-in")
        values = page.forms[0].values | {"email": email, "password": password} | more
        return self.post("/sign-in", values, status)

    @staticmethod
    def _shown(response: TestResponse, status: int) -> PageView:
        page = PageView(response)
        assert page.status == status, (page.status, page.errors, page.text[:2000])
        if response.mimetype == "text/html":
            page.check()
        return page
