"""The go-live checklist on a test account's page, and the button that compares with the provider."""

from __future__ import annotations

from collections.abc import Callable

from tests.desk import Desk
from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role
from webapp.models import Mode, ProviderAccount


def test_the_list_says_what_is_missing_and_a_comparison_proves_what_was_done(
    desk: Desk, visitor_as: Callable[..., Visitor]
) -> None:
    admin, address = visitor_as(Role.ADMIN), f"/accounts/{desk.account_id}"
    page = admin.get(address)
    assert "5 things are still to be proven with this account." in page.words
    assert "A test order refunded (credited) Missing" in page.words
    assert not page.has_form("/go-live")
    operation = desk.ask(desk.payment(3300), 500)
    desk.run(operation)
    desk.later(seconds=2)
    page = admin.get(address)
    assert "A test order refunded (credited) Done, not compared yet" in page.words
    assert f"/operations/{operation}" in page.html
    desk.emulator.fault("error_before", "read", status=500, times=1)
    page = admin.submit(page, "/go-live")
    assert "The provider gave no clear answer." in page.text
    page = admin.submit(page, "/go-live")
    assert "Read and compared just now." in page.text
    assert "A test order refunded (credited) Proven" in page.words
    assert "4 things are still to be proven with this account." in page.words


def test_what_proves_it_is_linked_where_it_can_be_opened(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    """Pages of test operations are not there while somebody looks at live ones."""
    operation = desk.ask(desk.payment(3300), 500)
    desk.run(operation)
    admin = visitor_as(Role.ADMIN)
    admin.submit(admin.get("/"), "/frame/mode", mode="live")
    page = admin.get(f"/accounts/{desk.account_id}")
    assert "A test order refunded (credited) Done, not compared yet" in page.words
    assert f"/operations/{operation}" not in page.html


def test_a_live_account_has_no_list(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    desk.change(ProviderAccount, desk.account_id, mode=Mode.LIVE)
    page = visitor_as(Role.ADMIN).get(f"/accounts/{desk.account_id}")
    assert "Before you go live" not in page.words
