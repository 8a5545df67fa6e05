"""The pages that take a file of orders in, as people without scripts see them, and the status part of an order."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests import factories
from tests.desk import Desk
from tests.webapp.services.imports import files
from tests.webapp.services.imports.files import text
from tests.webapp.services.orders.conftest import Shelf
from tests.webapp.visitor import Seen, Visitor
from webapp.domain.permissions import Role
from webapp.models import ImportState, OrderImport
from webapp.services.imports import uploading

S = ImportState


def send(visitor: Visitor, raw: bytes, **changes: object) -> Seen:
    """Fill in the form with this file."""
    values = visitor.get("/imports").the_form("/imports").values
    values |= {"file": FileStorage(io.BytesIO(raw), "orders.csv")} | changes
    boundary, body = encode_multipart(values)  # in memory: the client itself leaves its temporary file open
    kind = f"multipart/form-data; boundary={boundary}"
    return Seen(visitor.client.post("/imports", data=body, content_type=kind, follow_redirects=True))


def test_a_file_is_checked_mended_and_brought_in(desk: Desk, merchant: Visitor) -> None:
    Shelf(desk).payment(Shelf(desk).order("B-1"))
    page = send(merchant, text("A-1,JPY,1.5,paid", "A-2,JPY,2,gone"))
    assert "Being checked" in page.words
    assert 'hx-trigger="every 2s"' in page.html
    files.work()
    page = merchant.get(page_address(page))
    assert "The file cannot be imported" in page.words
    assert "Line 2, total" in page.words
    assert "JPY has 0 decimals." in page.words
    assert "Line 3, statusThe shop has no status “gone”." in page.words
    assert "hx-trigger" not in page.html
    page = send(merchant, text("A-1,JPY,15,paid", "B-1,JPY,3300,cancelled"))
    files.work()
    page = merchant.get(page_address(page))
    assert "1 payment would be refunded: ¥3,300" in page.words
    assert [each.text for each in page.buttons("/confirm")] == ["Import 2 orders"]
    again = page
    merchant.submit(page, "/confirm")
    merchant.submit(again, "/confirm")
    files.work()
    page = merchant.get(page_address(page))
    assert "The orders are in Paydesk." in page.words
    order = merchant.get("/orders?q=B-1")
    assert "Status changed from “paid” to “cancelled”" in order.html
    assert "The cancel and refund jobs release or give back what this order holds." in order.html
    assert "The order came in as “paid”" in merchant.get("/orders?q=A-1").html
    assert "Brought in" in merchant.get("/imports").words


def page_address(page: Seen) -> str:
    """Where an import's page is."""
    return str(next(each.action for each in page.forms if "/imports/" in each.action)).rpartition("/")[0]


def test_the_same_form_sent_twice_is_one_import_R16(desk: Desk, merchant: Visitor) -> None:
    values = merchant.get("/imports").the_form("/imports").values
    for _ in range(2):
        answer = merchant.client.post("/imports", data=values | {"file": (io.BytesIO(text("A-1,JPY,1,")), "x.csv")})
        assert answer.status_code == 303
    assert files.count(OrderImport) == 1


def test_without_a_file_the_form_says_so(desk: Desk, merchant: Visitor) -> None:
    page = merchant.submit(merchant.get("/imports"), "/imports")
    assert (page.status, page.field_errors) == (422, ["Choose a file"])


def test_a_file_over_the_limit_is_refused_with_its_limit(
    desk: Desk, merchant: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "LARGEST_FILE", 100)
    page = send(merchant, b"x" * 101)
    assert (page.status, page.field_errors) == (413, ["The file must have 64 MiB or less. Part it into several."])
    files.make_due()
    files.work()
    assert files.count(uploading.ImportChunk) == 0


def test_a_body_over_the_limit_is_not_read_and_other_forms_keep_theirs(
    desk: Desk, merchant: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.views import imports

    monkeypatch.setattr(imports, "LARGEST_FILE", 1024 * 1024)
    assert send(merchant, b"x" * (2 * 1024 * 1024)).status == 413
    big = {"csrf_token": merchant.token(), "text": "x" * (2 * 1024 * 1024)}
    assert merchant.post(f"/orders/{uuid.uuid4()}/notes", big).status == 413


def test_a_file_over_the_usual_limit_of_forms_is_taken(desk: Desk, merchant: Visitor) -> None:
    raw = text(*(f"A-{n},JPY,1,paid" + " " * 1000 for n in range(1500)))
    assert len(raw) > 1024 * 1024
    assert "Being checked" in send(merchant, raw).words


def test_the_upload_needs_a_token(desk: Desk, merchant: Visitor) -> None:
    assert send(merchant, text("A-1,JPY,1,"), csrf_token="stale").status == 400
    assert files.count(OrderImport) == 0


def test_a_checked_file_can_be_left(desk: Desk, merchant: Visitor) -> None:
    row = files.checked(desk, text("A-1,JPY,1,paid"))
    page = merchant.submit(merchant.get(f"/imports/{row.id}"), "/discard")
    assert "Nothing of this file was kept." in page.words
    assert files.orders() == {}
    values = {"csrf_token": merchant.token()}
    assert "cannot be brought in any more" in merchant.post(f"/imports/{row.id}/confirm", values).words


def test_other_shops_and_people_without_the_right_see_none_of_it_I18(
    desk_app: Flask, desk: Desk, merchant: Visitor, visitor_as: Callable[..., Visitor]
) -> None:
    row = files.checked(desk, text("A-1,JPY,1,paid"))
    other = factories.shop("other")
    stranger = Visitor(desk_app, factories.user(other.id, Role.MERCHANT).id)
    values = {"csrf_token": stranger.token()}
    assert stranger.get(f"/imports/{row.id}").status == 404
    assert stranger.post(f"/imports/{row.id}/confirm", values).status == 404
    assert "orders.csv" not in stranger.get("/imports").words
    assert send(stranger, text("A-1,JPY,1,"), shop_id=str(desk.shop_id)).status == 422
    assert visitor_as(Role.SUPPORT).get("/imports").status == 403
    assert files.the(row.id).state is S.READY


def test_the_sample_can_be_imported(desk: Desk, merchant: Visitor) -> None:
    raw = merchant.client.get("/imports/sample.csv").data
    row = files.checked(desk, raw)
    assert (row.state, row.rows_new) == (S.READY, 2), files.faults(row.id)


def test_a_status_is_changed_on_the_page_once_R32(desk: Desk, merchant: Visitor) -> None:
    order = Shelf(desk).order("A-1")
    page = merchant.get(f"/orders/{order.id}")
    assert "“cancelled” lets the cancel and refund jobs release or give back this order's money." in page.words
    cancelled = str(files.status_of(desk, "cancelled"))
    assert "The status is changed." in merchant.submit(page, "/status", status=cancelled).words
    assert "The order has this status already." in merchant.submit(page, "/status", status=cancelled).words
    stale = merchant.submit(page, "/status", status=str(files.status_of(desk, "shipped")))
    assert (stale.status, files.orders()["A-1"].status_id) == (409, uuid.UUID(cancelled))
    assert "Somebody changed this in the meantime" in stale.words
    wrong = merchant.submit(page, "/status", status=str(uuid.uuid4()))
    assert wrong.status == 422
    assert len(files.changes(order.id)) == 1


def test_who_may_not_change_a_status_sees_no_form(desk: Desk, visitor_as: Callable[..., Visitor]) -> None:
    order = Shelf(desk).order("A-1")
    support = visitor_as(Role.SUPPORT)
    assert not support.get(f"/orders/{order.id}").has_form("/status")
    values = {"csrf_token": support.token(), "status": str(files.status_of(desk, "paid"))}
    assert support.post(f"/orders/{order.id}/status", values).status == 403
