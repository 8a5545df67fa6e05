"""Each payment type with its actions as observed (section 2.2), and the rules of the calls (section 3)."""

import pytest

from tests.providers.svea.desk import svea_account, svea_order

ROWS = [
    "CanDeliverOrder",
    "CanDeliverPartially",
    "CanCancelOrder",
    "CanCancelOrderRow",
    "CanAddOrderRow",
    "CanUpdateOrderRow",
]
BY_ROWS = ["CanCreditNewRow", "CanCreditOrderRows"]
CARD = ["CanDeliverOrder", "CanCancelOrder", "CanCancelAmount"]


def shape(order):
    """Status, the order's actions, and those of its first row or delivery."""
    rows = [sorted(row["Actions"]) for row in order["OrderRows"]]
    deliveries = [(one["Actions"], one["Status"]) for one in order["Deliveries"] or []]
    return order["OrderStatus"], order["Actions"], rows, deliveries


@pytest.mark.parametrize(
    ("method", "actions", "rows"),
    [
        ("Invoice", ROWS, ["CanCancelRow", "CanDeliverRow", "CanUpdateRow"]),
        ("AccountCredit", ROWS, ["CanCancelRow", "CanDeliverRow", "CanUpdateRow"]),
        ("PaymentPlan", [word for word in ROWS if word != "CanDeliverPartially"], ["CanCancelRow", "CanUpdateRow"]),
        ("Card", CARD, []),
        ("Vipps", CARD, []),
    ],
)
def test_open_orders(svea, method, actions, rows):
    order = svea.order(svea_order(svea.emulator, method=method))
    assert shape(order) == ("Open", actions, [rows], [])
    assert order["Deliveries"] is None


@pytest.mark.parametrize(
    ("method", "actions", "delivery"),
    [
        ("Invoice", [], (BY_ROWS, "Sent")),
        ("AccountCredit", [], (BY_ROWS, None)),
        ("PaymentPlan", [], (BY_ROWS, None)),
        ("Card", ["CanCancelOrder", "CanCancelAmount"], ([], None)),
        ("Vipps", ["CanCancelOrder", "CanCancelAmount"], ([], None)),
        ("Swish", [], (["CanCreditAmount"], None)),
        ("Trustly", [], (["CanCreditAmount"], None)),
        ("DirectBank", [], (["CanCreditAmount"], None)),
    ],
)
def test_delivered_orders(svea, method, actions, delivery):
    ref = svea_order(svea.emulator, method=method)
    if method in ("Invoice", "AccountCredit", "PaymentPlan", "Card", "Vipps"):
        assert svea.call("POST", f"/orders/{ref}/deliveries", {"OrderRowIds": []}).status_code == 202
    assert shape(svea.order(ref)) == ("Delivered", actions, [], [delivery])


@pytest.mark.parametrize(
    ("method", "status"), [("Invoice", "Delivered"), ("AccountCredit", "Cancelled"), ("PaymentPlan", "Cancelled")]
)
def test_all_credited_orders(svea, method, status):
    ref = svea_order(svea.emulator, method=method, state="captured")
    (delivery,) = svea.order(ref)["Deliveries"]
    assert delivery["OrderRows"][0]["Actions"] == ["CanCreditRow"]
    credits_of = f"/orders/{ref}/deliveries/{delivery['Id']}/credits"
    assert svea.call("POST", credits_of, {"OrderRowIds": [1]}).status_code == 202
    order = svea.order(ref)
    (after,) = order["Deliveries"]
    assert (order["OrderStatus"], after["CreditedAmount"], after["Actions"]) == (status, 3300, [])
    assert (after["Credits"][0]["Amount"], after["Credits"][0]["OrderRows"][0]["Quantity"]) == (-3300, -100)


def test_a_settled_card_is_credited_and_no_longer_cancelled(svea):
    ref = svea_order(svea.emulator, state="captured", settled=True)
    assert shape(svea.order(ref)) == ("Delivered", [], [], [(["CanCreditAmount"], None)])


def test_nothing_is_allowed_while_svea_checks(svea):
    ref = svea_order(svea.emulator, method="Invoice", system_status="Pending")
    assert shape(svea.order(ref)) == ("Open", [], [[]], [])
    assert svea.refusal("POST", f"/orders/{ref}/deliveries", {"OrderRowIds": []}) == (400, "Actions")


@pytest.mark.parametrize(
    ("target", "status"), [(0, 400), (1000, 400), (999, 400), (3301, 400), (1001, 200), (3300, 200)]
)
def test_a_cancelled_amount_is_a_total_that_only_grows_within_the_order(svea, target, status):
    ref = svea_order(svea.emulator)
    assert svea.call("PATCH", f"/orders/{ref}", {"CancelledAmount": 1000}).status_code == 200
    assert svea.call("PATCH", f"/orders/{ref}", {"CancelledAmount": target}).status_code == status
    assert svea.order(ref)["CancelledAmount"] == (target if status == 200 else 1000)
    assert svea.order(ref)["OrderAmount"] == 3300


@pytest.mark.parametrize(("target", "status"), [(1000, 400), (3301, 400), (1001, 200), (3300, 200)])
def test_a_credited_amount_is_a_total_that_only_grows_within_the_delivery(svea, target, status):
    ref = svea_order(svea.emulator, method="Swish")
    path = f"/orders/{ref}/deliveries/{svea.order(ref)['Deliveries'][0]['Id']}"
    first = svea.call("PATCH", path, {"CreditedAmount": 1000})
    assert first.json()["CreditId"].isdigit()
    assert svea.call("PATCH", path, {"CreditedAmount": target}).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("Card", "deliveries", {"OrderRowIds": [9]}, "OrderRowIds"),
        ("Card", "deliveries", {"OrderRowIds": "all"}, "OrderRowIds"),
        ("Invoice", "deliveries", {"OrderRowIds": [], "RowDeliveryOptions": [{"OrderRowId": 1, "Quantity": 1}]}, None),
        (
            "Invoice",
            "deliveries",
            {"OrderRowIds": [1], "RowDeliveryOptions": [{"OrderRowId": 1, "Quantity": 101}]},
            "RowDeliveryOptions",
        ),
        (
            "PaymentPlan",
            "deliveries",
            {"OrderRowIds": [1], "RowDeliveryOptions": [{"OrderRowId": 1, "Quantity": 50}]},
            "Actions",
        ),
        ("Invoice", "deliveries/DeliverAndLowerAmount", {"DeliveredAmount": 100}, "Actions"),
        ("Card", "deliveries/DeliverAndLowerAmount", {"DeliveredAmount": 3301}, "DeliveredAmount"),
        ("Card", "deliveries/DeliverAndLowerAmount", {"DeliveredAmount": "x"}, "DeliveredAmount"),
    ],
)
def test_deliveries_that_are_refused(svea, method, path, body, field):
    ref = svea_order(svea.emulator, method=method)
    status, named = svea.refusal("POST", f"/orders/{ref}/{path}", body)
    assert status == 400
    assert field is None or named == field
    assert svea.emulator.effects(ref, "capture") == []


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([], "OrderRows"),
        ([1], "OrderRows"),
        ([{"Name": "", "Quantity": 100, "UnitPrice": 100, "VatPercent": 2500}], "Name"),
        ([{"Name": "N" * 41, "Quantity": 100, "UnitPrice": 100, "VatPercent": 2500}], "Name"),
        ([{"Name": "N", "Quantity": 0, "UnitPrice": 100, "VatPercent": 2500}], "Quantity"),
        ([{"Name": "N", "Quantity": 100, "VatPercent": 2500}], "UnitPrice"),
        ([{"Name": "N", "Quantity": 100, "UnitPrice": 100}], "VatPercent"),
        ([{"Name": "N", "Quantity": 100, "UnitPrice": 100, "VatPercent": 2500, "Unit": "piece"}], "Unit"),
        ([{"Name": "N", "Quantity": 100, "UnitPrice": -100, "VatPercent": 2500}], "OrderRows"),
    ],
)
def test_rows_that_are_refused(svea, rows, field):
    ref = svea_order(svea.emulator, method="Invoice")
    assert svea.refusal("PUT", f"/orders/{ref}/rows/replaceOrderRows", {"OrderRows": rows}) == (400, field)
    assert svea.order(ref)["OrderAmount"] == 3300


@pytest.mark.parametrize(
    ("method", "body", "field"),
    [
        ("Invoice", {"OrderRowIds": []}, "OrderRowIds"),
        ("Invoice", {"OrderRowIds": [9]}, "OrderRowIds"),
        (
            "Invoice",
            {"NewCreditOrderRow": {"Name": "R", "UnitPrice": 3301, "VatPercent": 0, "Quantity": 100}},
            "CreditedAmount",
        ),
        (
            "Invoice",
            {"NewCreditOrderRow": {"Name": "R", "UnitPrice": -1, "VatPercent": 0, "Quantity": 100}},
            "NewCreditOrderRow",
        ),
        ("Swish", {"NewCreditOrderRow": {"Name": "R", "UnitPrice": 1, "VatPercent": 0, "Quantity": 100}}, "Actions"),
        (
            "AccountCredit",
            {"OrderRowIds": [1], "RowCreditingOptions": [{"OrderRowId": 1, "Quantity": 50}]},
            "RowCreditingOptions",
        ),
    ],
)
def test_credits_that_are_refused(svea, method, body, field):
    ref = svea_order(svea.emulator, method=method, state="captured")
    path = f"/orders/{ref}/deliveries/{svea.order(ref)['Deliveries'][0]['Id']}/credits"
    assert svea.refusal("POST", path, body) == (400, field)
    assert svea.emulator.effects(ref, "refund") == []


def test_a_task_says_that_it_runs_then_points_to_the_order(svea):
    svea_account(svea.emulator, task_seconds=2)
    ref = svea_order(svea.emulator, method="Invoice")
    accepted = svea.call("POST", f"/orders/{ref}/deliveries", {"OrderRowIds": [1]})
    assert accepted.json()["DeliveryId"] > 0
    path = accepted.headers["location"].removeprefix(f"{svea.emulator.base_url}/svea/pa/api/v1")
    assert svea.call("GET", path).json() == {"Id": 1, "Status": "InProgress"}
    svea.emulator.advance(3)
    done = svea.call("GET", path)
    assert (done.status_code, done.headers["location"]) == (
        303,
        f"{svea.emulator.base_url}/svea/pa/api/v1/orders/{ref}",
    )
    assert svea.order(ref)["Deliveries"][0]["Id"] == accepted.json()["DeliveryId"]


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "Cash"},
        {"state": "lost"},
        {"amount_minor": 0},
        {"rows": [{"Name": "x"}]},
        {"rows": "x"},
        {"rows": [{"Name": "N", "Quantity": 100, "UnitPrice": 1, "VatPercent": 0}]},
        {"id": "abc"},
    ],
)
def test_orders_that_cannot_be_made_are_explained(svea, changed):
    body = {"account": "example-shared-secret", "method": "Card", "amount_minor": 3300, "currency": "SEK", **changed}
    answer = svea.emulator.http.post("/_emulator/svea/payments", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("action", "status"), [("dance", 400), ("finish", 409), ("refund", 409), ("settle", 200), ("hold", 200)]
)
def test_the_portal_says_what_it_cannot_do(svea, action, status):
    ref = svea_order(svea.emulator)
    answer = svea.emulator.http.post(f"/_emulator/svea/payments/{ref}/portal", json={"action": action})
    assert answer.status_code == status


@pytest.mark.parametrize("state", ["pending", "authorised", "captured", "refunded", "cancelled", "expired", "failed"])
def test_orders_are_made_in_every_state(svea, state):
    ref = svea_order(svea.emulator, state=state)
    words = {"pending": "Processing", "authorised": "Open", "captured": "Delivered", "refunded": "Delivered"}
    assert svea.order(ref)["OrderStatus"] == words.get(state, state.title())
    assert svea.emulator.ledger(reference=ref)["payments"][0]["status"] == state
