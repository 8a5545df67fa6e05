"""Signing in and out, as a person without scripts sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask import Flask

from tests import factories
from tests.pages import PASSWORD, Desk
from tests.webapp.conftest import password_hash
from webapp.domain.permissions import Role
from webapp.models import Shop


def test_a_stranger_is_led_to_the_sign_in_and_then_to_the_page_they_wanted(quick_app: Flask, shop: Shop) -> None:
    person = factories.user(shop.id, Role.OWNER, password_hash=password_hash())
    desk = Desk(quick_app)
    page = desk.get("/people")
    assert page.heading == "Sign in to Paydesk"
    assert page.response.request.query_string == b"next=%2Fpeople"
    values = page.forms[0].values | {"email": person.email.upper(), "password": PASSWORD}
    assert desk.post("/sign-in?next=%2Fpeople", values).heading == "People"


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test/", "/\\evil.test", "\t//evil.test", "evil"])
def test_a_foreign_return_address_leads_home(quick_app: Flask, shop: Shop, target: str) -> None:
    person = factories.user(shop.id, password_hash=password_hash())
    desk = Desk(quick_app)
    values = desk.get("/sign-in").forms[0].values | {"email": person.email, "password": PASSWORD}
    answer = desk.client.post("/sign-in", query_string={"next": target}, data=values)
    assert answer.location == "/"


def test_unknown_people_get_the_same_answer_as_a_wrong_password(quick_app: Flask, shop: Shop) -> None:
    known = factories.user(shop.id, password_hash=password_hash()).email
    gone = factories.user(shop.id, password_hash=password_hash(), disabled_at=factories.LONG_AGO).email
    answers = {tuple(Desk(quick_app).sign_in(email, "wrong", 422).errors) for email in (known, gone, "nobody@b.test")}
    assert answers == {("E-mail address, password or code is wrong",)}


def test_the_error_stands_in_the_title_and_the_address_is_kept(quick_app: Flask) -> None:
    page = Desk(quick_app).sign_in("nobody@example.test", "wrong", 422)
    assert page.title.startswith("Error:")
    assert 'value="nobody@example.test"' in page.text
    assert "wrong" not in page.forms[0].values.values()


def test_the_token_is_new_after_sign_in_and_dead_after_sign_out(
    signed_in: Callable[..., Desk], quick_app: Flask
) -> None:
    desk = signed_in(Role.VIEWER)
    name = quick_app.config["SESSION_COOKIE_NAME"]
    kept = desk.client.get_cookie(name)
    assert kept is not None
    page = desk.get("/")
    assert desk.send(page, "/sign-out").heading == "Sign in to Paydesk"
    thief = Desk(quick_app)
    thief.client.set_cookie(name, kept.value)
    assert thief.get("/").heading == "Sign in to Paydesk"


def test_a_session_of_a_money_role_ends_after_15_idle_minutes(
    signed_in: Callable[..., Desk], age_sessions: Callable[[int], None]
) -> None:
    desk = signed_in(Role.SUPPORT)
    age_sessions(14)
    assert desk.get("/").heading == "What waits for you"
    age_sessions(16)
    assert "Your session is over" in desk.get("/").text


def test_a_page_that_refreshes_itself_keeps_no_session_alive(
    signed_in: Callable[..., Desk], age_sessions: Callable[[int], None]
) -> None:
    desk = signed_in(Role.SUPPORT)
    age_sessions(10)
    desk.client.get("/", headers={"X-Background": "1", "HX-Request": "true"})
    age_sessions(6)
    assert desk.get("/").heading == "Sign in to Paydesk"


def test_htmx_is_told_of_an_ended_session_by_204_with_the_way_to_the_sign_in(quick_app: Flask) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/people?x=1"}
    answer = quick_app.test_client().get("/", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in?next=%2Fpeople%3Fx%3D1")


def test_a_code_of_the_second_step_is_accepted_once(
    signed_in: Callable[..., Desk], quick_app: Flask, shop: Shop
) -> None:
    email = "eve@example.test"
    desk = signed_in(Role.OWNER, email=email)
    page = desk.get("/me/second-step")
    secret = page.all("code")[0].text
    code = pyotp.TOTP(secret).now()
    assert desk.send(page, "/me/second-step", code=code).heading == "Ana"
    assert Desk(quick_app).sign_in(email, code=code, status=422).errors, "the code of the set-up was used already"
    assert Desk(quick_app).sign_in(email, status=422).errors, "a password alone is not enough"
    later = pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30))  # one step ahead is still accepted
    assert Desk(quick_app).sign_in(email, code=later).heading == "What waits for you"
    assert Desk(quick_app).sign_in(email, code=later, status=422).errors, "replayed"


def test_a_one_time_code_leads_to_a_password_of_ones_own(signed_in: Callable[..., Desk], quick_app: Flask) -> None:
    owner = signed_in(Role.OWNER)
    page = owner.get("/people/new")
    answer = owner.send(page, "/people/new", name="Bo", email="bo@example.test", roles=["viewer"])
    code = next(each.text for each in answer.all("span") if each.attributes.get("id") == "one-time-code")
    desk = Desk(quick_app)
    assert desk.sign_in("bo@example.test", code).heading == "Choose a password"
    page = desk.get("/shops")
    assert page.heading == "Choose a password", "nothing else is open before"
    page = desk.send(page, "/me/password", 422, old=code, new="short", again="short")
    assert page.errors == ["Use 15 characters or more"]
    new = "seven blue lamps on a hill"
    assert desk.send(page, "/me/password", old=code, new=new, again=new).heading == "What waits for you"
    assert Desk(quick_app).sign_in("bo@example.test", code, 422).errors, "the one-time code works once"
