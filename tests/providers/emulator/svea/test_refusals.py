"""What Svea refuses in the middle of an order's life, and the forms of its answers."""

import pytest

from tests.emulator import running_emulator
from tests.providers.emulator.svea.conftest import Svea
from tests.providers.svea.desk import SECRET, svea_account, svea_order

ROWS = [
    {"Name": "Kettle", "Quantity": 100, "UnitPrice": 50000, "VatPercent": 2500},
    {"Name": "Mug", "Quantity": 200, "UnitPrice": 14950, "VatPercent": 1200},
]
NEW = [{"Name": "New", "Quantity": 100, "UnitPrice": 100, "VatPercent": 2500}]


@pytest.fixture
def part_delivered(svea):
    """An invoice whose kettle is delivered."""
    ref = svea_order(svea.emulator, 79900, "Invoice", rows=ROWS)
    assert svea.call("POST", f"/orders/{ref}/deliveries", {"OrderRowIds": [1]}).status_code == 202
    return ref


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PATCH", "", {"IsCancelled": True}, None),
        ("PATCH", "/rows/cancelOrderRows", {"OrderRowIds": []}, "OrderRowIds"),
        ("PATCH", "/rows/cancelOrderRows", {"OrderRowIds": [1]}, "OrderRowIds"),
        ("PUT", "/rows/replaceOrderRows", {"OrderRows": NEW}, None),
        (
            "POST",
            "/deliveries",
            {"OrderRowIds": [2], "RowDeliveryOptions": [{"OrderRowId": 1, "Quantity": 100}]},
            "RowDeliveryOptions",
        ),
    ],
)
def test_a_part_delivered_order_refuses_what_is_not_documented_for_it(svea, part_delivered, method, path, body, field):
    assert svea.refusal(method, f"/orders/{part_delivered}{path}", body) == (400, field)
    assert svea.order(part_delivered)["OrderStatus"] == "Open"


def test_the_rest_of_a_part_delivered_order_is_cancelled_by_rows_once(svea, part_delivered):
    path = f"/orders/{part_delivered}/rows/cancelOrderRows"
    assert svea.call("PATCH", path, {"OrderRowIds": [2]}).status_code == 200
    order = svea.order(part_delivered)
    assert (order["OrderStatus"], order["CancelledAmount"], order["OrderAmount"]) == ("Delivered", 29900, 79900)
    assert svea.refusal("PATCH", path, {"OrderRowIds": [2]})[0] == 400


def test_a_row_is_credited_once_and_in_parts_up_to_its_quantity(svea):
    ref = svea_order(svea.emulator, 79900, "Invoice", rows=ROWS, state="captured")
    path = f"/orders/{ref}/deliveries/{svea.order(ref)['Deliveries'][0]['Id']}/credits"
    one_mug = {"OrderRowIds": [2], "RowCreditingOptions": [{"OrderRowId": 2, "Quantity": 100}]}
    two_mugs = {"OrderRowIds": [2], "RowCreditingOptions": [{"OrderRowId": 2, "Quantity": 200}]}
    assert svea.call("POST", path, one_mug).status_code == 202
    assert svea.refusal("POST", path, two_mugs) == (400, "RowCreditingOptions")
    assert svea.call("POST", path, one_mug).status_code == 202
    assert svea.refusal("POST", path, one_mug) == (400, "Actions")
    assert svea.order(ref)["Deliveries"][0]["CreditedAmount"] == 29900


def test_a_delivery_that_is_not_there_cannot_be_credited(svea):
    ref = svea_order(svea.emulator, method="Swish")
    assert svea.refusal("PATCH", f"/orders/{ref}/deliveries/1", {"CreditedAmount": 1}) == (404, None)


def test_a_body_that_is_not_json_is_refused(svea):
    ref = svea_order(svea.emulator)
    assert svea.call("PATCH", f"/orders/{ref}", raw=b"{").json()["Message"] == "The body is not JSON."


def test_the_ledgers_own_refusal_has_sveas_form(svea):
    ref = svea_order(svea.emulator)
    svea.emulator.fault("wrong_amount", "change", nth=1, amount_minor=5000)
    assert svea.refusal("PATCH", f"/orders/{ref}", {"CancelledAmount": 1000}) == (400, "Amount")
    assert svea.order(ref)["CancelledAmount"] == 0


def test_too_many_calls_and_faults_asked_for_have_sveas_form(svea):
    ref = svea_order(svea.emulator)
    svea.emulator.fault("rate_limited", "read", nth=1, seconds=7)
    limited = svea.call("GET", f"/orders/{ref}")
    assert (limited.status_code, limited.headers["retry-after"], limited.json()["Code"]) == (429, "7", 429)
    svea.emulator.fault("error_before", "change", nth=1, status=503)
    assert svea.call("PATCH", f"/orders/{ref}", {"IsCancelled": True}).json()["Code"] == 503
    assert svea.order(ref)["OrderStatus"] == "Open"


def test_lists_are_wrapped_null_or_marked_as_the_account_says(svea):
    svea_account(svea.emulator, wrapped_subscriptions=True, null_lists=True, bom=True)
    ref = svea_order(svea.emulator, method="Swish")
    answer = svea.call("GET", f"/orders/{ref}")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.json()["OrderRows"] is None
    listed = svea.call("GET", "/v2/callbacks/subscriptions")
    assert listed.json() == {"Subscriptions": []}


def test_campaigns_are_those_of_the_account_for_private_buyers_only(svea):
    svea.emulator.control("PUT", "svea/methods", {"account": SECRET, "methods": [{"CampaignCode": 1}]})
    found = [svea.campaigns(word) for word in ("false", "true")]
    assert found == [[{"CampaignCode": 1}], []]


def test_orders_and_tasks_survive_a_restart(tmp_path):
    data = str(tmp_path / "emulator.sqlite")
    with running_emulator(data) as emulator:
        svea_account(emulator, task_seconds=60)
        ref = svea_order(emulator, method="Invoice")
        assert Svea(emulator).call("POST", f"/orders/{ref}/deliveries", {"OrderRowIds": []}).status_code == 202
    with running_emulator(data) as emulator:
        assert Svea(emulator).order(ref)["Deliveries"] is None
        emulator.advance(61)
        assert Svea(emulator).order(ref)["OrderStatus"] == "Delivered"
