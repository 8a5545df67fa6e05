"""Shops, accounts, people, switches, audit and own page, without scripts, by people who may and who may not."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select, text

from tests import factories
from tests.pages import Desk
from webapp.domain.permissions import Role
from webapp.models import AuditEntry, Mode, ProviderAccount, Shop, User
from webapp.services.unit_of_work import in_transaction

SignIn = Callable[..., Desk]


def rows(model: type, *conditions: object) -> list:
    return in_transaction(lambda tx: list(tx.scalars(select(model).where(*conditions))))


def actions() -> list[str]:
    return in_transaction(lambda tx: list(tx.scalars(select(AuditEntry.action).order_by(AuditEntry.number))))


def test_an_owner_makes_a_shop_and_changes_it(signed_in: SignIn) -> None:
    desk = signed_in(Role.OWNER)
    page = desk.get("/shops/new")
    page = desk.send(
        page, "/shops/new", 422, name="", code="Bad Code", stop_window="x", failure_emails="a@b.test\nnope"
    )
    assert page.errors == [
        "Enter the name of the shop",
        "Enter the minutes using numbers, like 10",
        "Line 2: enter an e-mail address in the format name@example.com",
        "Use small letters a to z, digits and hyphens",
    ]
    values = {"name": "Print", "code": "print", "currency": "EUR", "stop_window": "30", "failure_emails": "a@b.test"}
    page = desk.send(page, "/shops/new", **values)
    assert page.heading == "Print"
    made = rows(Shop, Shop.code == "print")[0]
    assert (made.currency, made.stop_window_s, made.failure_emails) == ("EUR", 1800, ["a@b.test"])
    assert made.failure_mails_on
    assert desk.send(page, f"/shops/{made.id}", name="Printers", failure_mails_on=[]).heading == "Printers"
    assert not rows(Shop, Shop.code == "print")[0].failure_mails_on
    assert actions()[-2:] == ["shop.created", "shop.changed"]


def test_R32_a_stale_form_gets_the_new_state_and_keeps_what_was_typed(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.OWNER)
    page = desk.get(f"/shops/{shop.id}")
    desk.send(page, f"/shops/{shop.id}", name="First")
    page = desk.send(page, f"/shops/{shop.id}", 409, name="Second")
    assert page.heading == "First"
    assert page.forms[-2].values.get("name") == "Second" or 'value="Second"' in page.text
    assert rows(Shop)[0].name == "First"
    without = page.form(f"/shops/{shop.id}").values
    del without["version"]
    desk.post(f"/shops/{shop.id}", without, 409)
    assert rows(Shop)[0].name == "First"


def test_the_currency_is_fixed_once_there_are_orders(signed_in: SignIn, shop: Shop) -> None:
    in_transaction(
        lambda tx: tx.execute(
            text(
                "insert into orders (id, shop_id, mode, number, status_id, currency, total_minor, ordered_at,"
                " created_at, version) select :id, shop_id, 'live', '1', id, 'JPY', 1, '2026-01-01', '2026-01-01', 1"
                " from order_statuses limit 1"
            ),
            {"id": "1" * 32},
        )
    )
    desk = signed_in(Role.OWNER)
    page = desk.send(desk.get(f"/shops/{shop.id}"), f"/shops/{shop.id}", 422, currency="EUR")
    assert page.errors == ["The currency is fixed, because the shop has orders"]


def test_reasons_are_added_retired_and_brought_back(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.ADMIN)
    page = desk.get(f"/shops/{shop.id}")
    page = desk.send(page, f"/shops/{shop.id}/reasons", code="late", label="Too late")
    assert "Too late" in page.text
    page = desk.send(page, f"/shops/{shop.id}/reasons", 422, code="late", label="Again")
    assert page.errors == ["This code is in use already"]
    page = desk.get(f"/shops/{shop.id}")
    action = next(form.action for form in page.forms if form.values.get("in_use") == "0")
    page = desk.send(page, action)
    assert "Retired" in page.text
    assert "The reason can be chosen again." in desk.send(page, action).text


def test_credentials_are_never_shown_and_an_empty_field_keeps_them(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.ADMIN)
    page = desk.get("/accounts/new/komoju")
    values = {"name": "Main", "mode": "test", "host": "emulator"}
    page = desk.send(page, "/accounts/new/komoju", 422, **values)
    assert page.errors == ["Enter the keys that the provider gave you"]
    page = desk.send(page, "/accounts/new/komoju", credential_secret_key="sk_canary_1", **values)
    account = rows(ProviderAccount)[0]
    assert "Set. Leave empty to keep it." in page.text
    assert account.webhook_token in page.text
    assert "sk_canary_1" not in page.text + str(account.credentials)
    assert account.settings == {"partial_refund_with_tax": False, "new_methods_on": True}
    changes = {"switch_partial_refund_with_tax": ["y"], "new_methods_on": []}
    page = desk.send(page, f"/accounts/{account.id}", name="Other", **changes)
    after = rows(ProviderAccount)[0]
    assert (after.name, after.credentials) == ("Other", account.credentials)
    assert after.settings == {"partial_refund_with_tax": True, "new_methods_on": False}
    assert after.version == account.version + 1
    whole = in_transaction(lambda tx: str(tx.execute(text("select * from audit_entries")).all()))
    assert "sk_canary_1" not in whole


def test_a_host_that_is_not_on_the_list_is_refused(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.ADMIN)
    page = desk.get("/accounts/new/komoju")
    for host in ("https://evil.test", "127.0.0.1", ""):
        page = desk.send(page, "/accounts/new/komoju", 422, name="x", host=host, credential_secret_key="k")
    assert not rows(ProviderAccount)


def test_the_connection_check_says_what_is_wrong(signed_in: SignIn, shop: Shop) -> None:
    account = factories.account(shop.id, "sk_1")  # nobody listens at the emulator's port here
    desk = signed_in(Role.ADMIN)
    page = desk.send(desk.get(f"/accounts/{account.id}"), f"/accounts/{account.id}/check")
    assert "The provider cannot be reached" in page.text


def test_an_open_breaker_is_shown_and_closed_by_hand(signed_in: SignIn, shop: Shop) -> None:
    account = factories.account(
        shop.id, "sk_1", breaker_opened_at=factories.LONG_AGO, breaker_reason="credentials", mode=Mode.LIVE
    )
    desk = signed_in(Role.OWNER)
    assert "Sending through KOMOJU is stopped" in desk.get("/").text
    page = desk.send(desk.get(f"/accounts/{account.id}"), f"/accounts/{account.id}/breaker")
    assert "Sending goes on." in page.text
    assert rows(ProviderAccount)[0].breaker_opened_at is None


def test_another_shops_things_are_not_found(signed_in: SignIn) -> None:
    other = factories.shop("print")
    account = factories.account(other.id, "sk_1")
    stranger = factories.user(other.id)
    desk = signed_in(Role.OWNER)
    for address in (f"/shops/{other.id}", f"/accounts/{account.id}", f"/people/{stranger.id}"):
        assert desk.get(address, 404).heading == "Not found"
    page = desk.get("/accounts/new/komoju")
    values = {"shop_id": str(other.id), "name": "x", "host": "emulator", "credential_secret_key": "k"}
    desk.send(page, "/accounts/new/komoju", 422, **values)
    assert len(rows(ProviderAccount)) == 1


def test_an_admin_cannot_make_owners_and_no_shop_loses_its_last_one(signed_in: SignIn, shop: Shop) -> None:
    admin, owner = signed_in(Role.ADMIN), signed_in(Role.OWNER, name="Olga")
    page = admin.get("/people/new")
    assert (
        admin.send(page, "/people/new", 403, name="B", email="b@c.test", roles=["owner"]).heading
        == "You cannot do this"
    )
    olga = rows(User, User.name == "Olga")[0]
    action = f"/people/{olga.id}/roles/{shop.id}"
    page = owner.get(f"/people/{olga.id}")
    page = owner.send(page, action, 422, **{f"{shop.id.hex}-roles": ["viewer"]})
    assert page.errors == ["A shop must keep at least one owner who can sign in"]
    assert admin.send(admin.get(f"/people/{olga.id}"), action, 403, **{f"{shop.id.hex}-roles": []})


def test_new_roles_end_the_persons_sessions(signed_in: SignIn, shop: Shop) -> None:
    owner, viewer = signed_in(Role.OWNER), signed_in(Role.VIEWER, name="Vic")
    vic = rows(User, User.name == "Vic")[0]
    page = owner.get(f"/people/{vic.id}")
    owner.send(page, f"/people/{vic.id}/roles/{shop.id}", **{f"{shop.id.hex}-roles": ["viewer", "support"]})
    assert viewer.get("/").heading == "Sign in to Paydesk"


def test_somebody_who_is_shut_out_is_out_at_once(signed_in: SignIn) -> None:
    owner, viewer = signed_in(Role.OWNER), signed_in(Role.VIEWER, name="Vic")
    vic = rows(User, User.name == "Vic")[0]
    owner.send(owner.get(f"/people/{vic.id}"), f"/people/{vic.id}/disable")
    assert viewer.get("/").heading == "Sign in to Paydesk"
    assert "Disabled" in owner.get("/people").text


def test_a_kill_switch_is_thrown_shown_on_home_and_released(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.ADMIN)
    page = desk.send(desk.get("/kill-switches"), "/kill-switches", 422)
    assert page.errors == ["Enter why sending has to stop"]
    page = desk.send(page, "/kill-switches", reason="Provider is odd", kind="refund")
    assert "Provider is odd" in page.text
    assert "1 kill switch is thrown" in desk.get("/").text
    action = next(form.action for form in page.forms if form.action.endswith("/release"))
    assert "No switch is thrown" in desk.send(page, action).text
    assert actions()[-2:] == ["switch.thrown", "switch.released"]


def test_the_audit_is_filtered_paged_and_checked(signed_in: SignIn, shop: Shop) -> None:
    desk = signed_in(Role.OWNER)
    page = desk.get(f"/shops/{shop.id}")
    for number in range(60):
        page = desk.send(page, f"/shops/{shop.id}", name=f"Tea {number}")
    page = desk.get("/audit?action=shop.changed")
    assert "50 rows shown" in page.text
    older = next(each.attributes["href"] for each in page.all("a") if each.attributes.get("rel") == "next")
    assert "10 rows shown" in desk.get(older).text
    assert "The chain is whole" in desk.send(page, "/audit/check").text


def test_settings_of_ones_own_change_the_language_at_once(signed_in: SignIn) -> None:
    desk = signed_in(Role.VIEWER)
    page = desk.send(desk.get("/me"), "/me", language="sv", time_zone="Europe/Stockholm")
    assert page.all("html")[0].attributes["lang"] == "sv"


def test_test_mode_is_marked_and_remembered(signed_in: SignIn) -> None:
    desk = signed_in(Role.VIEWER)
    page = desk.post("/frame/mode", desk.get("/").form("/frame/mode").values | {"mode": "test"})
    assert "TEST" in page.title
    assert "TEST" in desk.get("/shops").title


def test_the_chosen_shop_narrows_the_lists_and_foreign_ones_cannot_be_chosen(
    signed_in: SignIn, shop: Shop, quick_app: Flask
) -> None:
    other = factories.shop("print")
    desk = signed_in(Role.OWNER)
    values = desk.get("/").form("/frame/shop").values
    desk.post("/frame/shop", values | {"shop": str(other.id)}, 404)
    page = desk.post("/frame/shop", values | {"shop": str(shop.id), "back": "/people"})
    assert page.heading == "People"
