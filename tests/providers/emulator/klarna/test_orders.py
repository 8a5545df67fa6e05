"""Order management by the rules of the page (sections 2 and 3)."""

import pytest

LINE = {
    "type": "physical",
    "reference": "SKU-1",
    "name": "Kettle",
    "quantity": 1,
    "unit_price": 4000,
    "tax_rate": 2500,
    "total_amount": 4000,
    "total_discount_amount": 0,
    "total_tax_amount": 800,
}
NOWHERE = "00000000-0000-4000-8000-000000000000"


def sums(order) -> tuple[str, int, int, int]:
    return (
        order["status"],
        order["captured_amount"],
        order["refunded_amount"],
        order["remaining_authorized_amount"],
    )


def test_an_order_walks_from_parts_to_refunded(shop):
    ref = shop.order()
    assert sums(shop.read(ref)) == ("AUTHORIZED", 0, 0, 10000)
    first = shop.post(ref, "captures", {"captured_amount": 4000, "reference": "op-1", "order_lines": [LINE]})
    assert (first.status_code, first.content) == (201, b"")
    assert first.headers["location"].endswith(
        f"/klarna/ordermanagement/v1/orders/{ref}/captures/" + first.headers["capture-id"]
    )
    assert sums(shop.read(ref)) == ("PART_CAPTURED", 4000, 0, 6000)
    shop.post(ref, "captures", {"captured_amount": 6000})
    assert sums(shop.read(ref)) == ("CAPTURED", 10000, 0, 0)
    back = shop.post(ref, "refunds", {"refunded_amount": 10000, "reference": "op-2", "description": "All"})
    assert (back.status_code, back.json()) == (201, back.headers["refund-id"])
    order = shop.read(ref)
    assert sums(order) == ("CAPTURED", 10000, 10000, 0)
    assert [entry["refunded_amount"] for entry in order["captures"]] == [4000, 6000]
    assert order["captures"][0]["order_lines"] == [LINE]
    assert (order["refunds"][0]["reference"], order["refunds"][0]["description"]) == ("op-2", "All")
    assert shop.emulator.ledger()["broken"] == []


def test_entries_are_read_one_by_one(shop):
    ref = shop.order(state="refunded")
    order = shop.read(ref)
    path = f"/ordermanagement/v1/orders/{ref}"
    capture, refund = order["captures"][0], order["refunds"][0]
    assert shop.http.get(f"{path}/captures").json() == [capture]
    assert shop.http.get(f"{path}/captures/{capture['capture_id']}").json() == capture
    assert shop.http.get(f"{path}/refunds/{refund['refund_id']}").json() == refund
    assert shop.http.get(f"{path}/captures/x").json()["error_code"] == "NO_SUCH_CAPTURE"
    assert shop.http.get(f"{path}/refunds/x").json()["error_code"] == "NOT_FOUND"


def test_a_cancel_ends_an_order_and_a_release_the_rest_of_one(shop):
    whole, part = shop.order(), shop.order(state="part_captured", captured_minor=4000)
    assert shop.post(whole, "cancel").status_code == 204
    assert sums(shop.read(whole)) == ("CANCELLED", 0, 0, 0)
    assert shop.post(part, "release-remaining-authorization", {}).status_code == 204
    assert sums(shop.read(part)) == ("CAPTURED", 4000, 0, 0)
    assert [one["amount_minor"] for one in shop.emulator.effects(part, "cancel")] == [6000]


@pytest.mark.parametrize(
    ("state", "action", "body", "code"),
    [
        ("authorised", "captures", {"captured_amount": 10001}, "CAPTURE_NOT_ALLOWED"),
        ("part_captured", "captures", {"captured_amount": 5001}, "CAPTURE_NOT_ALLOWED"),
        ("captured", "captures", {"captured_amount": 1}, "CAPTURE_NOT_ALLOWED"),
        ("cancelled", "captures", {"captured_amount": 1}, "CAPTURE_NOT_ALLOWED"),
        ("expired", "captures", {"captured_amount": 1}, "CAPTURE_NOT_ALLOWED"),
        ("pending_fraud", "captures", {"captured_amount": 1}, "CAPTURE_NOT_ALLOWED"),
        ("authorised", "refunds", {"refunded_amount": 1}, "REFUND_NOT_ALLOWED"),
        ("part_captured", "refunds", {"refunded_amount": 5001}, "REFUND_NOT_ALLOWED"),
        ("refunded", "refunds", {"refunded_amount": 1}, "REFUND_NOT_ALLOWED"),
        ("closed", "refunds", {"refunded_amount": 1}, "REFUND_NOT_ALLOWED"),
        ("part_captured", "cancel", None, "CANCEL_NOT_ALLOWED"),
        ("cancelled", "cancel", None, "CANCEL_NOT_ALLOWED"),
        ("closed", "cancel", None, "CANCEL_NOT_ALLOWED"),
        ("expired", "cancel", None, "CANCEL_NOT_ALLOWED"),
        ("authorised", "release-remaining-authorization", None, "NOT_ALLOWED"),
        ("captured", "release-remaining-authorization", None, "NOT_ALLOWED"),
        ("cancelled", "release-remaining-authorization", None, "NOT_ALLOWED"),
        ("part_captured", "authorization", {"order_amount": 4999}, "NOT_ALLOWED"),
        ("captured", "authorization", {"order_amount": 10000}, "NOT_ALLOWED"),
        ("cancelled", "authorization", {"order_amount": 1}, "NOT_ALLOWED"),
        ("expired", "extend-authorization-time", None, "NOT_ALLOWED"),
        ("cancelled", "merchant-references", {"merchant_reference1": "x"}, "NOT_ALLOWED"),
        ("cancelled", "acknowledge", None, "NOT_ALLOWED"),
    ],
)
def test_every_403_of_section_2(shop, state, action, body, code):
    assert shop.refused(shop.order(state=state), action, body) == (403, code)


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("captures", None),
        ("captures", {"captured_amount": "100"}),
        ("captures", {"captured_amount": 1.5}),
        ("captures", {"captured_amount": -1}),
        ("captures", {"captured_amount": 200_000_001}),
        ("captures", {"captured_amount": 4000, "reference": "x" * 256}),
        ("captures", {"captured_amount": 4000, "shipping_info": "post"}),
        ("captures", {"captured_amount": 4001, "order_lines": [LINE]}),
        ("captures", {"captured_amount": 4000, "order_lines": {}}),
        ("captures", {"captured_amount": 4000, "order_lines": [{**LINE, "name": ""}]}),
        ("captures", {"captured_amount": 4000, "order_lines": [{**LINE, "quantity": 0.5}]}),
        ("captures", {"captured_amount": 4000, "order_lines": [{**LINE, "type": "hologram"}]}),
        ("captures", {"captured_amount": 4000, "order_lines": [{**LINE, "unit_price": 3999}]}),
        ("captures", {"captured_amount": 4000, "order_lines": [{**LINE, "total_tax_amount": 802}]}),
        ("refunds", {}),
        ("authorization", {"order_lines": [LINE]}),
        ("authorization", {"order_amount": 9000, "order_lines": [LINE]}),
        ("merchant-references", {"merchant_reference1": 7}),
    ],
)
def test_bad_input_is_a_400(shop, action, body):
    assert shop.refused(shop.order(), action, body)[0] == 400


@pytest.mark.parametrize("raw", [b"{", b"[1]"])
def test_a_body_that_is_no_object_is_a_400(shop, raw):
    answer = shop.http.post(f"/ordermanagement/v1/orders/{shop.order()}/captures", content=raw)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("ref", [NOWHERE, "not-a-uuid"])
def test_an_unknown_order_or_that_of_another_shop_is_no_such_order(shop, ref):
    answer = shop.post(ref, "cancel")
    assert (answer.status_code, answer.json()["error_code"]) == (404, "NO_SUCH_ORDER")
    shop.emulator.control("POST", "accounts", {"provider": "klarna", "secret_key": "other:x"})
    foreign = shop.order(account="other:x")
    assert shop.http.get(f"/ordermanagement/v1/orders/{foreign}").json()["error_code"] == "NO_SUCH_ORDER"


def test_another_amount_replaces_the_lines_and_without_lines_deletes_them(shop):
    ref = shop.order()
    assert shop.post(ref, "authorization", {"order_amount": 4000, "order_lines": [LINE]}).status_code == 204
    order = shop.read(ref)
    assert (order["order_amount"], order["original_order_amount"], order["order_lines"]) == (4000, 10000, [LINE])
    assert order["remaining_authorized_amount"] == 4000
    shop.post(ref, "authorization", {"order_amount": 5000})
    order = shop.read(ref)
    assert (order["order_lines"], order["remaining_authorized_amount"]) == ([], 5000)
    assert [one["kind"] for one in shop.emulator.effects(ref)] == ["authorise", "lower", "raise"]


def test_a_part_captured_order_lowered_to_what_was_captured_is_captured(shop):
    ref = shop.order(state="part_captured", captured_minor=4000)
    shop.post(ref, "authorization", {"order_amount": 4000})
    assert sums(shop.read(ref)) == ("CAPTURED", 4000, 0, 0)


@pytest.mark.parametrize(
    ("method", "country", "status"),
    [
        ("INVOICE", "SE", 204),
        ("FIXED_AMOUNT", "SE", 204),
        ("FIXED_AMOUNT", "GB", 403),
        ("CARD", "SE", 403),
        ("INVOICE", "CH", 403),
    ],
)
def test_the_amount_goes_up_only_for_some_methods(shop, method, country, status):
    ref = shop.order(method=method, country=country)
    assert shop.post(ref, "authorization", {"order_amount": 10001}).status_code == status


def test_a_hold_lapses_by_the_clock_and_can_be_prolonged_before(shop):
    lapsing, kept = shop.order(), shop.order()
    shop.emulator.advance(27 * 86400)
    assert shop.post(kept, "extend-authorization-time").status_code == 204
    until = shop.read(kept)["expires_at"]
    shop.post(kept, "extend-authorization-time")
    assert shop.read(kept)["expires_at"] == until  # repeating on the same day changes nothing
    shop.emulator.advance(2 * 86400)
    assert sums(shop.read(lapsing)) == ("EXPIRED", 0, 0, 0)
    assert sums(shop.read(kept)) == ("AUTHORIZED", 0, 0, 10000)


def test_no_hold_lives_longer_than_180_days(shop):
    shop.switch(hold_days=170)
    ref = shop.order()
    shop.emulator.advance(160 * 86400)
    shop.post(ref, "extend-authorization-time")
    shop.emulator.advance(21 * 86400)
    assert shop.read(ref)["status"] == "EXPIRED"


def test_references_overwrite_and_an_order_is_acknowledged(shop):
    ref = shop.order(order_number="CART-1")
    shop.post(ref, "merchant-references", {"merchant_reference1": "SO-1"})
    shop.post(ref, "merchant-references", {"merchant_reference2": "b"})
    order = shop.read(ref)
    assert (order["merchant_reference1"], order["merchant_reference2"]) == ("SO-1", "b")
    assert shop.post(ref, "acknowledge").status_code == 204
    assert shop.emulator.running.world.ledger.get(ref).picture["acknowledged"] is True


def test_switches_choose_what_the_page_leaves_open(shop):
    shop.switch(lower_case_currency=True, no_refund_ids=True, lines_may_differ=True, released_status="PART_CAPTURED")
    ref = shop.order(state="part_refunded", captured_minor=4000, refunded_minor=100)
    order = shop.read(ref)
    assert (order["purchase_currency"], order["purchase_country"]) == ("sek", "se")
    assert "refund_id" not in order["refunds"][0]
    assert shop.post(ref, "captures", {"captured_amount": 1, "order_lines": [LINE]}).status_code == 201
    shop.post(ref, "release-remaining-authorization")
    assert sums(shop.read(ref)) == ("PART_CAPTURED", 4001, 100, 0)


def test_i1_a_klarna_that_does_not_cap_is_reported(shop):
    shop.switch(cap=False)
    ref = shop.order()
    assert shop.post(ref, "captures", {"captured_amount": 10001}).status_code == 201
    assert [one["rule"] for one in shop.emulator.ledger()["broken"]] == ["I1"]
