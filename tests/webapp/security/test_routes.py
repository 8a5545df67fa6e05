"""What holds for every route: guarded, tokens, origin, headers; the lists are made from the application itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests import factories
from tests.pages import Desk
from tests.webapp import build_app
from tests.webapp.conftest import password_hash
from tests.webapp.routes import routes, unsafe
from webapp.config import Settings
from webapp.domain.permissions import PERMISSIONS, Permission, Role
from webapp.models import Shop
from webapp.security import guard
from webapp.security.guard import check_declarations

WITHOUT_TOKEN = {"webhooks.take"}  # providers have no session; their signature is what counts (3.5.1)
# The calls of the REST API have no session either; tests/webapp/api/test_isolation.py goes over each of them.
POLICY_PARTS = ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'")


def test_the_application_refuses_to_start_with_a_route_that_declares_nothing(quick_app: Flask) -> None:
    quick_app._got_first_request = False
    quick_app.add_url_rule("/silent", "silent", lambda: "")
    with pytest.raises(RuntimeError, match="silent"):
        check_declarations(quick_app)


def test_a_stranger_reaches_nothing_but_public_routes(quick_app: Flask, shop: Shop) -> None:
    client = quick_app.test_client()
    for route in routes(quick_app):
        answer = client.open(route.address, method=route.method, headers={"X-CSRFToken": "none"})
        if not route.access.is_public:
            to_sign_in = answer.status_code == 303 and answer.location[:8] == "/sign-in"
            refused = answer.status_code == 401 if route.access.by_key else answer.status_code == 400 or to_sign_in
            assert refused, (str(route), answer.status_code)


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_reaches_what_its_rights_allow_and_nothing_else(
    quick_app: Flask, shop: Shop, role: Role | None
) -> None:
    quick_app.config["WTF_CSRF_ENABLED"] = False  # tokens have a test of their own; here the guard alone speaks
    person = factories.user(shop.id if role else None, role or Role.VIEWER, password_hash=password_hash())
    desk = Desk(quick_app)
    desk.sign_in(person.email)
    rights = PERMISSIONS[role] if role else frozenset[Permission]()
    for route in routes(quick_app, {"shop_id": shop.id}):
        if route.access.is_public or route.access.by_key:
            continue
        if route.endpoint in {"auth.sign_out", "me.sign_out_everywhere"}:
            continue
        answer = desk.client.open(route.address, method=route.method)
        allowed = route.access.permission is None or route.access.permission in rights
        assert (answer.status_code == 403) is not allowed, (str(route), answer.status_code)
        assert answer.status_code < 500, (str(route), answer.status_code)


def test_the_page_about_a_missing_right_names_who_can_help(quick_app: Flask, shop: Shop) -> None:
    factories.user(shop.id, Role.OWNER, name="Olga Owner")
    viewer = factories.user(shop.id, Role.VIEWER, password_hash=password_hash())
    desk = Desk(quick_app)
    desk.sign_in(viewer.email)
    page = desk.get("/people", 403)
    assert page.heading == "You cannot do this"
    assert "Who can do it: Olga Owner." in page.text
    assert "Who can give you the right: Olga Owner." in page.text


def test_every_unsafe_route_refuses_a_post_without_or_with_a_foreign_token(
    quick_app: Flask, signed_in: Callable[..., Desk]
) -> None:
    mine, other = signed_in(Role.OWNER), Desk(quick_app)
    foreign = other.get("/sign-in").forms[0].values["csrf_token"]
    for route in unsafe(quick_app):
        if route.endpoint in WITHOUT_TOKEN or route.access.by_key:
            continue
        for token in ({}, {"X-CSRFToken": foreign}, {"X-CSRFToken": "stale"}):
            answer = mine.client.open(route.address, method=route.method, headers=token)
            assert answer.status_code == 400, (str(route), answer.status_code)
            assert "out of date" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
    ],
)
def test_every_unsafe_route_refuses_other_origins(quick_app: Flask, headers: dict[str, str]) -> None:
    quick_app.config["WTF_CSRF_ENABLED"] = False
    client = quick_app.test_client()
    for route in unsafe(quick_app):
        answer = client.open(route.address, method=route.method, headers=headers)
        assert answer.status_code == 403, (str(route), answer.status_code)


def test_every_answer_carries_the_headers(quick_app: Flask, signed_in: Callable[..., Desk]) -> None:
    client = signed_in(Role.OWNER).client
    for route in routes(quick_app):
        answer = client.open(route.address, method=route.method)
        policy = answer.headers["Content-Security-Policy"]
        assert all(part in policy for part in POLICY_PARTS), str(route)
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in answer.headers, "development runs without TLS"


def test_the_cookie_is_locked_down(quick_app: Flask) -> None:
    cookie = quick_app.test_client().get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_production_uses_a_host_cookie_and_hsts(
    make_settings: Callable[..., Settings], tmp_path: Path, redis_url: str
) -> None:
    settings = make_settings(
        env="production",
        database_url=f"sqlite:///{tmp_path}/none.sqlite3",
        redis_url=redis_url,
        smtp_url="smtp://127.0.0.1:9",
        mail_from="desk@shop.example",
        public_url="https://desk.shop.example",
    )
    with build_app(settings) as app:
        client = app.test_client()
        answer = client.get("/sign-in", base_url="https://desk.shop.example")
        assert answer.headers["Set-Cookie"].startswith("__Host-paydesk=")
        assert "Secure" in answer.headers["Set-Cookie"]
        assert answer.headers["Strict-Transport-Security"]
        assert client.get("/sign-in", base_url="https://evil.test").status_code == 400
        assert client.get("/sign-in", base_url="https://127.0.0.1").status_code == 400


def test_a_host_that_is_not_ours_is_refused(quick_app: Flask) -> None:
    answer = quick_app.test_client().get("/sign-in", base_url="http://evil.test")
    assert answer.status_code == 400


@pytest.mark.parametrize("good", ["/", "/orders?q=1&shop=2", "/a/b"])
def test_local_addresses_are_kept(good: str) -> None:
    assert guard.local_address(good) == good


@pytest.mark.parametrize(
    "bad", [None, "", "orders", "//evil.test", "/\\evil.test", "https://evil.test", "/a\r\nb", "/\tb"]
)
def test_other_addresses_are_dropped(bad: str | None) -> None:
    assert guard.local_address(bad) is None
