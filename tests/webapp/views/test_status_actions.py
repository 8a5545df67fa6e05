"""The list of statuses, the tables, the trial, and what an order shows of its actions; without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests import factories
from tests.desk import Desk
from tests.emulator import EmulatorClient
from tests.webapp.services.imports import files
from tests.webapp.services.status_actions.actions_desk import authorised, fired, give, operations, table
from tests.webapp.views.orders_desk import behind_pages
from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role
from webapp.domain.status_actions import FiringState, StatusAct
from webapp.models import OrderStatus, Payment
from webapp.services.jobs.catalogue import ORDER_STATUS
from webapp.services.unit_of_work import in_transaction

REASON = "Stock is picked by hand now"


@pytest.fixture
def desk(quick_app: Flask, one_emulator: EmulatorClient) -> Iterator[Desk]:
    with behind_pages(quick_app, one_emulator) as opened:
        yield opened


@pytest.fixture
def admin(quick_app: Flask, desk: Desk) -> Visitor:
    return Visitor(quick_app, factories.user(desk.shop_id, Role.ADMIN, name="Ada").id)


@pytest.fixture
def merchant(quick_app: Flask, desk: Desk) -> Visitor:
    return Visitor(quick_app, desk.user_id)


def status(desk: Desk, code: str) -> OrderStatus:
    status_id = files.status_of(desk, code)
    return in_transaction(lambda tx: tx.get_one(OrderStatus, status_id))


def test_the_tables_need_a_reason_and_tell_their_history(desk: Desk, admin: Visitor, merchant: Visitor) -> None:
    address, cell = f"/shops/{desk.shop_id}/status-actions", f"act_{files.status_of(desk, 'shipped').hex}_"
    page = admin.get(address)
    assert "Nobody has changed the tables yet." in page.words
    page = admin.submit(page, address, **{cell: "capture"})
    assert (page.status, page.errors) == (422, ["Enter why the tables are changed"])
    assert page.the_form(address).values[cell] == "capture", "what was chosen is kept"
    saved = admin.submit(
        page, address, **{cell: "capture"}, reason=REASON, follow_failed=str(status(desk, "cancelled").id)
    )
    assert "They hold for every change of status from now on." in saved.html
    assert f"{REASON} shipped, Every provider: Nothing → Capture" in saved.words
    assert "Payment failed: keep the status → cancelled Ada" in saved.words
    stale = admin.submit(page, address, **{cell: "update"}, reason=REASON)
    assert (stale.status, "Somebody changed this in the meantime" in stale.words) == (409, True)
    same = admin.submit(saved, address, reason=REASON)
    assert same.errors == ["Nothing was changed"]
    assert merchant.get(address).status == 403
    assert admin.get(f"/shops/{desk.shop_id}").link(address) == "Status actions"


def test_statuses_are_added_renamed_moved_and_retired(desk: Desk, admin: Visitor, merchant: Visitor) -> None:
    address = f"/shops/{desk.shop_id}/statuses"
    page = admin.submit(admin.get(address), address, name="Paid", code="Bad code", kind="paid")
    assert page.errors == ["Use small letters a to z, digits, hyphens and underscores"]
    page = admin.submit(page, address, name="Paid", code="paid-2", kind="paid")
    assert page.errors == ["Another status of the shop has this name or code"]
    page = admin.submit(page, address, name="Packed", code="packed", kind="shipped")
    packed = status(desk, "packed")
    page = admin.submit(page, f"{packed.id}/move", to="up")
    assert page.words.index("packed") < page.words.index("cancelled")
    one = admin.get(f"{address}/{packed.id}")
    page = admin.submit(one, f"{address}/{packed.id}", name="Boxed", kind="completed")
    assert "Boxed" in page.words
    page = admin.submit(page, f"{packed.id}/use")
    assert "Boxed Retired" in page.words
    assert status(desk, "packed").retired_at is not None
    page = admin.submit(page, f"{status(desk, 'new').id}/use")
    assert "A shop must keep one status of the kind New" in page.html
    payment = desk.payment(3300)
    used = admin.get(f"{address}/{status(desk, 'paid').id}")
    assert admin.submit(used, f"/{status(desk, 'paid').id}", kind="shipped").errors == [
        "The kind is fixed, because orders stand in this status"
    ]
    offered = merchant.get(f"/orders/{desk.row(payment).order_id}")
    assert "Boxed" not in offered.words
    assert merchant.get(address).status == 403
    other = factories.shop("other")
    assert admin.get(f"/shops/{other.id}/statuses").status == 404
    assert admin.get(f"/shops/{other.id}/status-actions").status == 404
    assert admin.get(f"/shops/{other.id}/status-actions/trial").status == 404


def test_an_order_tells_what_its_status_could_not_set_going_and_it_is_tried_again(
    desk: Desk, merchant: Visitor
) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    payment = authorised(desk, order_number="A-1")
    order = desk.row(payment).order_id
    frozen = desk.row(payment).created_at
    desk.change(Payment, payment, frozen_at=frozen, frozen_reason="chargeback")
    page = merchant.submit(merchant.get(f"/orders/{order}"), "/status", status=str(status(desk, "shipped").id))
    assert "The status is changed." in page.html
    assert (
        "Status action not carried out: Capture The payment is frozen until somebody has looked into it." in page.words
    )
    assert "What the status sets going could not be carried out yet" in page.html, "it stands in the timeline"
    (row,) = fired(payment)
    again = merchant.submit(page, f"/{row.id}")
    assert "It could not be carried out this time either." in again.html
    desk.change(Payment, payment, frozen_at=None, frozen_reason=None)
    done = merchant.submit(again, f"/{row.id}")
    assert "The status action is carried out." in done.html
    assert "Status action not carried out" not in done.words
    assert (len(operations(payment)), fired(payment)[0].state) == (1, FiringState.FILED)


def test_the_trial_and_the_rehearsal_answer_in_words(desk: Desk, merchant: Visitor) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    payment = authorised(desk, order_number="A-1")
    order, shipped = desk.row(payment).order_id, status(desk, "shipped").id
    trial = f"/shops/{desk.shop_id}/status-actions/trial"
    assert merchant.get(f"/orders/{order}").link(f"{trial}?order=A-1") == "What would a status set going?"
    asked = merchant.get(f"{trial}?order=A-1&status={shipped}")
    assert "Capture of ¥3,300 would be asked for." in asked.words
    cancelled = merchant.get(f"{trial}?order=A-1&status={status(desk, 'cancelled').id}")
    assert "so nothing happens. The status is of the kind Cancelled" in cancelled.words
    assert "no test order with the number A-2" in merchant.get(f"{trial}?order=A-2&status={shipped}").words
    assert list(operations(payment)) == []
    files.applied(desk, files.text("A-1,JPY,3300,shipped"))
    page = merchant.get(f"/jobs/{ORDER_STATUS}/{desk.shop_id}/rehearsal?order=A-1")
    assert "Its operations were made and go on by themselves." in page.words
    assert "A run would find nothing now" in page.words
    give(desk, payment, "new")
    assert (
        "no change of its status has set anything going"
        in merchant.get(f"/jobs/{ORDER_STATUS}/{desk.shop_id}/rehearsal?order=A-1").words
    )


def test_a_given_up_action_waits_on_the_home_page_and_among_the_orders_that_need_attention(
    desk: Desk, merchant: Visitor
) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    payment = desk.payment(700, state="failed", order_number="A-7")
    words = "1 Actions of an order status that were given up"
    assert words not in merchant.get("/").words
    give(desk, payment, "shipped")
    home = merchant.get("/")
    assert home.link("/orders?attention=1") == words
    assert "A-7" in merchant.get("/orders?attention=1").words
    other = factories.user(factories.shop("print").id, Role.MERCHANT)
    assert words not in Visitor(merchant.client.application, other.id).get("/").words
    give(desk, payment, "new")
    assert words not in merchant.get("/").words, "another status ends what the first one fired"
