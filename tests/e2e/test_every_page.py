"""Every page of the demo, as its owner finds them: each opens in four languages and passes axe in a browser."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext
from sqlalchemy import select, update

from tasks.local.demo import __main__ as demo
from tests import axe
from tests.desk import Desk
from tests.webapp.routes import routes
from tests.webapp.visitor import Seen, Visitor
from webapp.models import MailKind, Mode, Shop, User
from webapp.services.mails import queueing
from webapp.services.mails.letters import Letter, Text
from webapp.services.unit_of_work import Tx, in_transaction

ELSEWHERE = {
    "health.alive",
    "health.ready",
    "orders.export",
    "imports.sample",
    "imports.show",
    "api_docs.document",
    "auth.sign_in",
    "auth.new_password",
    "me.remove_second_step",
    "settlements.create",
    "amounts.create",  # test_amount_path.py walks both at both widths
    "amounts.check",
}
"""No pages, or such as the demo's owner does not meet (no second step, no review, no import).

Their own tests open them.
"""
LANGUAGES = ("en", "fr", "ja", "sv")
MOST = 400
OF_A_KIND, A_FEW = 70, 8
"""Pages of one kind that are opened: in the first language those of every order of the demo, a few in the others."""


@pytest.fixture
def owner(live_app: tuple[Flask, str], desk: Desk) -> User:
    """The demo's owner; the demo data are made through the emulator as `make run` makes them."""
    with live_app[0].app_context():
        demo.make(desk.emulator.base_url)
        in_transaction(_mail)
    return in_transaction(lambda tx: tx.scalars(select(User).where(User.email == "owner@demo.test")).one())


def _mail(tx: Tx) -> None:
    """One that was maybe sent, so that its page has everything that it can have."""
    shops = tx.scalars(select(Shop).where(Shop.failure_mails_on))
    for shop in shops:
        letter = Letter(
            kind=MailKind.FAILURES,
            subject_id=shop.id,
            recipient="owner@demo.test",
            shop_id=shop.id,
            mode=Mode.LIVE,
            language=shop.language,
            text=Text("1 refund was not done", "Order 1\n"),
            doubtful=True,
        )
        queueing.add(tx, letter)


def walk(app: Flask, visitor: Visitor, of_a_kind: int = A_FEW) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of what links lead to, from the home page on; so many of each kind."""
    adapter = app.url_map.bind("localhost")
    kinds: Counter[str] = Counter()
    seen, waiting = set(), ["/"]
    while waiting and len(seen) < MOST:
        address = waiting.pop(0)
        path = urlsplit(address).path
        if path in seen or path.startswith("/static") or not address.startswith("/"):
            continue
        seen.add(path)
        endpoint, _values = adapter.match(path, method="GET")
        kinds[endpoint] += 1
        if endpoint in ELSEWHERE or kinds[endpoint] > of_a_kind:
            continue
        page = visitor.get(address)
        assert page.status == 200, f"{address}: {page.status} {page.h1}"
        yield endpoint, address
        if (check := check_page(visitor, page, path)) is not None:
            yield endpoint.replace("create", "check"), check
        waiting += [link.attributes.get("href", "") for link in page.all("a")]


def check_page(visitor: Visitor, page: Seen, path: str) -> str | None:
    """The check page behind a money form, where the form takes the whole rest and the first reason."""
    if not path.endswith(("/refund", "/cancel", "/capture", "/cancel-or-refund")) or not page.has_form(path):
        return None
    reasons = re.search(r'<select[^>]*name="reason".*?</select>', page.text, re.DOTALL)
    values = re.findall(r'value="([0-9a-f-]{36})"', reasons.group()) if reasons else [""]
    checked = visitor.submit(page, path, how_much="rest", reason=values[0])
    if not checked.has_form("/send"):
        return None  # it asks for a bank account
    return f"{path}/check?draft={checked.the_form('/send').values['request_id']}"


def test_every_page_opens_in_every_language(live_app: tuple[Flask, str], owner: User) -> None:
    app = live_app[0]
    for language in LANGUAGES:
        of_a_kind = OF_A_KIND if language == LANGUAGES[0] else A_FEW
        change = update(User).where(User.id == owner.id).values(language=language)
        in_transaction(lambda tx, change=change: tx.execute(change))
        found = {endpoint for endpoint, _address in walk(app, Visitor(app, owner.id, mode="live"), of_a_kind)}
        with app.app_context():
            pages = {route.endpoint for route in routes(app) if route.method == "GET" and not route.access.by_key}
        assert sorted(pages - ELSEWHERE - found) == []


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.slow)])  # for CI's time; both in soak
def test_every_kind_of_page_passes_axe(
    live_app: tuple[Flask, str], live: str, owner: User, browser_context: BrowserContext, width: int
) -> None:
    app = live_app[0]
    visitor = Visitor(app, owner.id, mode="live")
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = visitor.client.get_cookie(name)
    assert cookie is not None
    browser_context.add_cookies([{"name": name, "value": cookie.value, "url": live}])
    page = browser_context.new_page()
    kinds = dict(walk(app, visitor))
    page.set_viewport_size({"width": width, "height": 900})
    for endpoint, address in kinds.items():
        page.goto(live + address)
        assert axe.violations(page) == [], f"{endpoint} {address}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{endpoint} is too wide"
