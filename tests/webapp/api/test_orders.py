"""Orders over the API: listed, brought in by the rules of the imports, and given a status under If-Match."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from tests import factories
from tests.desk import Desk
from tests.webapp.api.caller import Caller
from webapp.models import AuditEntry, ImportState, Mode, Order, OrderImport, PaymentMethod, StatusChange, Via
from webapp.services.methods import listing, syncing
from webapp.services.unit_of_work import in_transaction

TEA = {"shop": "tea", "number": "A-1", "amount_minor": 3300, "currency": "JPY"}


def orders() -> list[Order]:
    return in_transaction(lambda tx: list(tx.scalars(select(Order))))


def changes() -> list[StatusChange]:
    return in_transaction(lambda tx: list(tx.scalars(select(StatusChange).order_by(StatusChange.changed_at))))


def test_an_order_is_made_and_brought_up_to_date(erp: Caller, desk: Desk) -> None:
    more = {"buyer_email": "ana@example.com", "buyer_name": "Ana 4111111111111111", "language": "JA"}
    made = erp.post("/orders", TEA | more | {"ordered_at": "2026-11-22T09:30:00+09:00"})
    assert (made.status, made.headers["ETag"]) == (201, '"v1"')
    assert made.headers["Location"].endswith(f"/api/v1/orders/{made.json['id']}")
    told = made.json
    assert (told["status"], told["status_kind"], told["mode"]) == ("new", "new", "test")
    assert (told["ordered_at"], told["language"]) == ("2026-11-22T00:30:00Z", "ja")
    assert "4111" not in told["buyer_name"]
    again = erp.post("/orders", TEA | more)
    assert (again.status, again.json, again.headers["ETag"]) == (200, told, '"v1"')
    changed = erp.post("/orders", TEA | {"amount_minor": 4400, "status": "paid"})
    assert (changed.status, changed.json["amount_minor"], changed.json["status"]) == (200, 4400, "paid")
    assert changed.json["buyer_email"] == "ana@example.com", "what is left out stays"
    assert changed.headers["ETag"] == '"v3"', "the details and the status"
    assert len(orders()) == 1
    actions = in_transaction(lambda tx: tx.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all())
    assert actions[-3:] == ["order.brought_in", "order.status_changed", "order.brought_up_to_date"]


def test_the_total_of_an_order_with_payments_is_fixed(erp: Caller, desk: Desk) -> None:
    desk.payment(3300, order_number="A-1")
    said = erp.post("/orders", TEA | {"amount_minor": 1})
    assert (said.status, said.pointers) == (422, ["#/amount_minor"])
    assert erp.post("/orders", TEA | {"currency": "EUR"}).pointers == ["#/currency"]
    assert erp.post("/orders", TEA | {"buyer_name": "Ana"}).status == 200
    assert [(order.total_minor, order.currency) for order in orders()] == [(3300, "JPY")]


def test_a_first_status_acts_only_when_the_call_asks_for_it_R17(erp: Caller, desk: Desk) -> None:
    erp.post("/orders", TEA | {"status": "cancelled"})
    erp.post("/orders", TEA | {"number": "A-2", "status": "cancelled", "act": True})
    acting = {order.number: order.undo_change_id is not None for order in orders()}
    assert acting == {"A-1": False, "A-2": True}
    assert {(change.acts, change.via) for change in changes()} == {(False, Via.API), (True, Via.API)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shop", "nowhere"),
        ("shop", "Tea"),
        ("number", ""),
        ("number", "a\nb"),
        ("number", "\u200b"),
        ("number", "x" * 101),
        ("amount_minor", -1),
        ("amount_minor", 10.0),
        ("currency", "jpy"),
        ("currency", "ABC"),
        ("status", "flown"),
        ("buyer_email", "nobody"),
        ("language", "klingon language"),
        ("ordered_at", "2026-11-22T09:30:00"),
        ("ordered_at", "2026-11-22"),
        ("ordered_at", 1795339800),
        ("ordered_at", "1795339800"),
        ("ordered_at", "1200-01-01T00:00:00Z"),
        ("act", "true"),
        ("colour", "red"),
    ],
)
def test_wrong_fields_are_pointed_at_and_nothing_is_written(erp: Caller, desk: Desk, field: str, value: object) -> None:
    said = erp.post("/orders", TEA | {field: value})
    assert (said.status, said.pointers) == (422, [f"#/{field}"])
    assert orders() == []


def test_a_status_needs_the_tag_of_the_order_that_was_seen(erp: Caller, desk: Desk) -> None:
    order = erp.post("/orders", TEA)
    path, tag = f"/orders/{order.json['id']}", order.headers["ETag"]
    assert erp.patch(path, {"status": "cancelled"}).code == "if_match_missing"
    done = erp.patch(path, {"status": "cancelled"}, tag)
    assert (done.status, done.json["status"], done.headers["ETag"]) == (200, "cancelled", '"v2"')
    assert orders()[0].undo_change_id is not None, "the jobs give its money back"
    for stale in (tag, f"W/{tag}", '"nonsense"', "nonsense"):
        said = erp.patch(path, {"status": "paid"}, stale)
        assert (said.status, said.code) == (412, "stale")
    assert erp.patch(path, {"status": "flown"}, '"v2"').pointers == ["#/status"]
    assert len(changes()) == 2, "the first status and one change"
    assert erp.patch(path, {"status": "Paid"}, "*").json["status_kind"] == "paid"
    assert erp.patch(path, {"status": "paid"}, '"v3"').headers["ETag"] == '"v3"', "it has it already: nothing fires"
    assert len(changes()) == 3


def test_the_list_is_filtered_and_walked_by_cursor(erp: Caller, desk: Desk) -> None:
    for number in range(5):
        erp.post("/orders", TEA | {"number": f"N-{number}", "ordered_at": f"2026-11-0{number + 1}T00:00:00Z"})
    desk.payment(3300, order_number="N-3")
    seen, cursor = [], ""
    while cursor is not None:
        page = erp.get(f"/orders?limit=2&shop=tea{'&cursor=' + cursor if cursor else ''}").json
        seen += [order["number"] for order in page["orders"]]
        cursor = page["next_cursor"]
    assert seen == ["N-4", "N-3", "N-2", "N-1", "N-0"]

    def numbers(query: str) -> list[str]:
        return [order["number"] for order in erp.get(f"/orders?{query}").json["orders"]]

    assert numbers("number=N-1") == ["N-1"]
    assert numbers("number=N-") == []
    assert numbers("number=N-1&status=paid") == []
    assert numbers("payment_state=captured&provider=komoju&method=credit_card") == ["N-3"]
    assert numbers("ordered_from=2026-11-02T00:00:00Z&ordered_before=2026-11-04T00:00:00Z") == ["N-2", "N-1"]
    payment = erp.get("/orders?number=N-3").json["orders"][0]["payments"][0]
    assert (payment["state"], payment["captured_minor"], payment["under_way_minor"]) == ("captured", 3300, 0)
    actions = {each["kind"]: (each["available_minor"], each["why_not"]) for each in payment["actions"]}
    assert actions["refund"] == (3300, None)
    assert actions["capture"][0] == 0
    assert actions["capture"][1]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=1&limit=2", "limit"),
        ("colour=red", "colour"),
        ("cursor=nonsense", "cursor"),
        ("payment_state=rich", "payment_state"),
        ("ordered_from=yesterday", "ordered_from"),
        ("number=%00", "number"),
    ],
)
def test_wrong_parameters_are_named(erp: Caller, query: str, parameter: str) -> None:
    said = erp.get(f"/orders?{query}")
    assert (said.status, said.pointers) == (422, [parameter])


def test_calls_without_parameters_refuse_them(erp: Caller) -> None:
    assert erp.get(f"/orders/{uuid.uuid4()}?x=1").pointers == ["x"]


def test_payment_methods_are_those_of_the_checkout(erp: Caller, desk: Desk) -> None:
    syncing.sync_account(desk.account_id, desk.actor)
    told = erp.get("/payment-methods?shop=tea").json["payment_methods"]
    offered = in_transaction(lambda tx: list(listing.of_account(tx, {desk.shop_id}, desk.account_id).methods))
    assert [(each["method"], each["currency"]) for each in told] == [(row.slug, row.currency) for row in offered]
    assert {(each["account"], each["provider"]) for each in told} == {("KOMOJU", "komoju")}
    desk.change(PaymentMethod, offered[0].id, enabled=False)
    fewer = erp.get("/payment-methods?shop=tea").json["payment_methods"]
    assert [each["method"] for each in fewer] == [row.slug for row in offered[1:]]
    assert erp.get("/payment-methods").pointers == ["shop"]


def test_an_order_that_an_import_is_bringing_in_is_left_to_it(erp: Caller, desk: Desk) -> None:
    made = erp.post("/orders", TEA)
    coming = OrderImport(
        id=uuid.uuid4(),
        shop_id=desk.shop_id,
        mode=Mode.TEST,
        via=Via.WEB,
        file_name="orders.csv",
        state=ImportState.APPLYING,
        act=False,
        keep_good=False,
        created_at=factories.LONG_AGO,
    )
    factories.add(coming)
    desk.change(Order, uuid.UUID(made.json["id"]), import_id=coming.id)
    said = erp.post("/orders", TEA | {"amount_minor": 1})
    assert (said.status, said.code) == (409, "order_coming_in")
    assert erp.get(f"/orders/{made.json['id']}").status == 404, "nobody sees it yet"
    assert erp.get("/orders").json["orders"] == []
