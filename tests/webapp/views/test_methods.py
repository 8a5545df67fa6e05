"""The page of payment methods: without scripts, as a fragment, by people who may and who may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests import factories
from tests.desk import Desk
from tests.webapp.services.methods.shelf import offer, saying, stored
from tests.webapp.visitor import Seen, Visitor
from webapp.domain.permissions import Role
from webapp.models import Mode, PaymentMethod, ProviderAccount
from webapp.services import audit
from webapp.services.methods import asking
from webapp.services.methods.fetching import SyncCode
from webapp.services.methods.syncing import sync_account

SignIn = Callable[..., Visitor]


@pytest.fixture
def admin(visitor_as: SignIn) -> Visitor:
    """An admin of the desk's shop."""
    return visitor_as(Role.ADMIN, name="Ada")


@pytest.fixture
def synced(desk: Desk) -> list[PaymentMethod]:
    """The account offers a card, konbini and a method that nobody knows."""
    with saying() as provider:
        card = offer("credit_card", subtypes=["visa"], can_be_kept=["new_brand"])
        provider.answer = [card, offer("konbini"), offer("zeni_pay", "USD")]
        sync_account(desk.account_id, audit.SYSTEM)
    return stored(desk.account_id)


def address(method: PaymentMethod, deed: str) -> str:
    return f"/methods/{method.account_id}/{method.id}/{deed}"


def rows_of(page: Seen) -> list[str]:
    """What stands in each row of the list."""
    listed = [each for each in page.all("li") if each.attributes.get("id", "").startswith("method-")]
    return [" ".join(each.text.split()) for each in listed]


def test_an_account_never_synced_says_so_and_the_sync_runs_in_a_worker(desk: Desk, admin: Visitor) -> None:
    page = admin.get("/methods")
    assert "Never synced" in page.words
    page = admin.submit(page, f"/{desk.account_id}/sync")
    assert "Asking the provider for its list since today" in page.words
    assert "Look again" in page.words  # the way without scripts
    assert not page.has_form("/sync")
    assert asking.run_asked(desk.account_id)
    page = admin.get(f"/methods/{desk.account_id}")
    assert "6 new methods" in page.words
    assert "Asking" not in page.words


def test_a_switch_works_without_scripts(desk: Desk, admin: Visitor, synced: list[PaymentMethod]) -> None:
    page = admin.get("/methods")
    assert [row[-2:] for row in rows_of(page)] == ["On", "On", "On"]
    page = admin.submit(page, address(synced[1], "switch"))
    assert "Off" in rows_of(page)[1]
    assert [row.enabled for row in stored(desk.account_id)] == [True, False, True]
    page = admin.submit(page, address(synced[1], "switch"))
    assert [row.enabled for row in stored(desk.account_id)] == [True, True, True]
    page = admin.submit(page, address(synced[2], "move"), to="up")
    assert "Zeni_Pay" in rows_of(page)[1]


def test_htmx_gets_the_account_alone_with_the_new_state(
    desk: Desk, admin: Visitor, synced: list[PaymentMethod]
) -> None:
    form = admin.get("/methods").the_form(address(synced[0], "switch"))
    answer = admin.client.post(form.action, data=form.values, headers={"HX-Request": "true"})
    assert (answer.status_code, "<html" in answer.text) == (200, False)
    part = Seen(answer)
    assert part.all("section")[0].attributes["id"] == f"account-{desk.account_id}"
    switches = [each for each in part.all("button") if each.attributes.get("role") == "switch"]
    assert [each.attributes["aria-checked"] for each in switches] == ["false", "true", "true"]
    assert "Visa · can be kept for later payments: new brand" in " ".join(part.all("section")[0].text.split())
    assert [each.attributes["aria-label"] for each in switches] == ["Credit_Card JPY", "Konbini JPY", "Zeni_Pay USD"]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_stale_switch_answers_409_with_the_present_state_R32(
    desk: Desk, admin: Visitor, synced: list[PaymentMethod], headers: dict[str, str]
) -> None:
    form = admin.get("/methods").the_form(address(synced[0], "switch"))
    desk.change(PaymentMethod, synced[0].id, version=7)
    answer = admin.client.post(form.action, data=form.values, headers=headers)
    assert answer.status_code == 409
    again = Seen(answer).the_form(address(synced[0], "switch"))
    assert again.values["version"] == "7"
    assert "Somebody changed this in the meantime." in answer.text
    assert stored(desk.account_id)[0].enabled


@pytest.mark.parametrize(
    ("decision", "enabled", "said"),
    [
        ("on", True, "3 new methods are switched on."),
        ("off", False, "3 new methods are switched off."),
        ("seen", True, "The new methods are marked as seen."),
    ],
)
def test_new_methods_are_decided_together(
    desk: Desk, admin: Visitor, synced: list[PaymentMethod], decision: str, enabled: bool, said: str
) -> None:
    page = admin.get("/methods")
    action = f"/methods/{desk.account_id}/new"
    values = {"csrf_token": page.the_form(action).values["csrf_token"], "seen": [str(row.id) for row in synced]}
    page = admin.post(action, values | {"decision": decision})
    assert said in page.words
    assert not page.has_form("/new")
    assert {(row.enabled, row.is_new) for row in stored(desk.account_id)} == {(enabled, False)}
    assert admin.post(action, values | {"decision": "maybe"}).status == 400


def test_a_vanished_method_and_a_failed_sync_stand_in_words(
    desk: Desk, admin: Visitor, synced: list[PaymentMethod]
) -> None:
    with saying() as provider:
        provider.answer = [offer("credit_card")]
        sync_account(desk.account_id, audit.SYSTEM)
    assert "No longer offered" in rows_of(admin.get("/methods"))[1]
    for code in set(SyncCode) - {SyncCode.GOOD}:
        desk.change(ProviderAccount, desk.account_id, method_sync_result=code.value)
        assert "The last sync changed nothing" in admin.get("/methods").words


def test_names_are_in_the_readers_language_where_the_provider_gives_it(desk: Desk, visitor_as: SignIn) -> None:
    with saying() as provider:
        named = {"en": "Convenience", "ja": "コンビニ"}
        provider.answer = [offer("konbini"), offer("zeni_pay")]
        sync_account(desk.account_id, audit.SYSTEM)
    desk.change(PaymentMethod, stored(desk.account_id)[0].id, names=named)
    assert "コンビニ" in rows_of(visitor_as(Role.VIEWER, language="ja").get("/methods"))[0]
    swedish = visitor_as(Role.VIEWER, language="sv").get("/methods")
    assert "Convenience" not in rows_of(swedish)[0]
    assert '<span lang="en">Zeni_Pay</span>' in swedish.text


def test_who_may_only_look_sees_states_without_switches(
    desk: Desk, visitor_as: SignIn, synced: list[PaymentMethod]
) -> None:
    merchant = visitor_as(Role.MERCHANT)
    page = merchant.get("/methods")
    assert [row[-2:] for row in rows_of(page)] == ["On", "On", "On"]
    assert not any(page.has_form(ending) for ending in ("/sync", "/new", "/switch", "/move"))
    values = {"csrf_token": merchant.token(), "version": "1"}
    for path in (address(synced[0], "switch"), address(synced[0], "move"), f"/methods/{desk.account_id}/sync"):
        assert merchant.post(path, values).status == 403
    assert admin_is_refused_elsewhere(desk, visitor_as, synced[0])
    assert stored(desk.account_id)[0].enabled


def admin_is_refused_elsewhere(desk: Desk, visitor_as: SignIn, method: PaymentMethod) -> bool:
    """An admin of another shop finds nothing here, whatever of ours they name (I18)."""
    other = factories.shop("other")
    theirs = factories.account(other.id, "sk_other")
    user_id = factories.user(other.id, Role.ADMIN).id
    stranger = Visitor(visitor_as(Role.VIEWER).client.application, user_id)
    values = {"csrf_token": stranger.token(), "version": "1", "decision": "off", "seen": str(method.id)}
    mine = f"/methods/{desk.account_id}"
    mixed = f"/methods/{theirs.id}/{method.id}/switch"
    posts = [f"{mine}/sync", f"{mine}/new", address(method, "switch"), address(method, "move"), mixed]
    statuses = [stranger.post(path, values).status for path in posts]
    return statuses == [404] * len(posts) and stranger.get(mine).status == 404


def test_test_and_live_accounts_do_not_mix_in_the_list(
    desk: Desk, desk_app: Flask, visitor_as: SignIn, synced: list[PaymentMethod]
) -> None:
    factories.account(desk.shop_id, "sk_live", mode=Mode.LIVE, name="Live account")
    in_live = Visitor(desk_app, factories.user(desk.shop_id, Role.ADMIN).id, mode="live")
    assert "Live account" not in visitor_as(Role.VIEWER).get("/methods").words
    page = in_live.get("/methods")
    assert "Live account" in page.words
    assert not rows_of(page)
    page = in_live.submit(in_live.get(f"/methods/{desk.account_id}"), address(synced[0], "switch"))
    assert rows_of(page)  # still at the account of the other mode
    assert not stored(desk.account_id)[0].enabled


def test_a_post_without_its_token_is_refused(desk: Desk, admin: Visitor, synced: list[PaymentMethod]) -> None:
    assert admin.post(address(synced[0], "switch"), {"version": "1", "on": "0"}).status == 400
    assert stored(desk.account_id)[0].enabled
