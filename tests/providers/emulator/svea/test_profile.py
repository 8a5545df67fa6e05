"""Who may call, at which addresses, and how Svea refuses (sections 1.2, 3 and 5)."""

import pytest

from providers.emulator.records import Account
from providers.emulator.svea.profile import SveaProfile
from providers.emulator.wire import Call
from providers.emulator.world import World
from tests.providers.svea.desk import MERCHANT, SECRET, svea_account, svea_order
from tests.providers.svea.test_signing import EXAMPLES, TIME


@pytest.mark.parametrize("raw", EXAMPLES)
def test_the_worked_examples_are_accepted_and_a_change_of_one_byte_is_not(raw):
    world = World()
    world.ledger.open_account(Account("", "svea", "test", SECRET, MERCHANT))
    headers = {"authorization": f"Svea {EXAMPLES[raw]}", "timestamp": TIME}

    def whose(body, **changed):
        call = Call("svea", "read", "GET", "", {}, {}, {**headers, **changed}, body, "")
        return SveaProfile().authenticate(world, call)

    assert whose(raw.decode()) is not None
    assert whose(raw.decode() + " ") is None
    assert whose(raw.decode(), timestamp="2025-03-01 10:15:31") is None
    assert whose(raw.decode(), authorization=headers["authorization"].replace("Svea", "Basic")) is None
    world.close()


@pytest.mark.parametrize(
    ("signing", "status"),
    [
        ({}, 200),
        ({"upper": "yes"}, 200),
        ({"time": "2025-03-01 10:15"}, 200),
        ({"secret": "another"}, 401),
        ({"merchant": "1"}, 401),
        ({"sent": "2025-03-01 10:15:31"}, 401),
        ({"time": "2025-03-01T10:15:30"}, 401),
    ],
)
def test_the_signature_has_to_be_of_these_bytes_and_this_time(svea, signing, status):
    ref = svea_order(svea.emulator)
    assert svea.call("GET", f"/orders/{ref}", **signing).status_code == status


@pytest.mark.parametrize("token", ["", "Svea", "Svea !!!", "Svea OTk4ODc3", "Svea /w=="])
def test_what_is_no_signature_is_refused_in_sveas_form(svea, token):
    answer = svea.emulator.http.get("/svea/pa/api/v1/orders/1", headers={"Authorization": token, "Timestamp": TIME})
    assert (answer.status_code, answer.json()["Code"]) == (401, 401)


def test_addresses_are_the_same_with_a_slash_at_their_end(svea):
    ref = svea_order(svea.emulator)
    assert svea.call("GET", f"/orders/{ref}/").json() == svea.order(ref)
    assert svea.call("PATCH", f"/orders/{ref}/", {"isCancelled": True}).status_code == 200
    assert svea.order(ref)["OrderStatus"] == "Cancelled"


@pytest.mark.parametrize("path", ["/orders/4410021", "/orders/x", "/queue/1", "/nothing"])
def test_what_is_not_there_is_404_in_sveas_form(svea, path):
    answer = svea.call("GET", path)
    assert (answer.status_code, answer.json()["Code"]) == (404, 404)


def test_an_order_of_another_account_is_not_there(svea):
    ref = svea_order(svea.emulator)
    body = {"provider": "svea", "secret_key": "s2", "publishable_key": "112233"}
    svea.emulator.control("POST", "accounts", body)
    assert svea.call("GET", f"/orders/{ref}", secret="s2", merchant="112233").status_code == 404


@pytest.mark.parametrize("raw", ["nonsense", [1]])
def test_a_body_that_is_no_object_is_refused(svea, raw):
    ref = svea_order(svea.emulator)
    assert svea.call("PATCH", f"/orders/{ref}", raw).status_code == 400


def test_the_same_key_word_means_nothing_because_there_are_no_keys(svea):
    svea_account(svea.emulator, task_seconds=0)
    ref = svea_order(svea.emulator, method="Invoice", state="captured")
    delivery = svea.order(ref)["Deliveries"][0]["Id"]
    row = {"NewCreditOrderRow": {"Name": "R", "UnitPrice": 100, "VatPercent": 2500, "Quantity": 100}}
    for _ in range(2):
        assert svea.call("POST", f"/orders/{ref}/deliveries/{delivery}/credits", row).status_code == 202
    assert len(svea.emulator.effects(ref, "refund")) == 2
