"""How the registry lists Klarna: hosts, credentials, and where they look made for (sections 1.1 and 1.2)."""

import httpx
import pytest

from providers import infos, registry
from providers.network import Reach
from tests.providers.klarna.desk import SETTINGS
from tests.providers.klarna.samples import ORDER

INFO = registry.describe("klarna")
KLARNA = {name for name in INFO.hosts if name.startswith("klarna")}


def test_every_host_of_the_page_is_listed_and_no_other():
    assert INFO.hosts == {
        "klarna-eu": "https://api.klarna.com",
        "klarna-eu-playground": "https://api.playground.klarna.com",
        "klarna-na": "https://api-na.klarna.com",
        "klarna-na-playground": "https://api-na.playground.klarna.com",
        "klarna-oc": "https://api-oc.klarna.com",
        "klarna-oc-playground": "https://api-oc.playground.klarna.com",
        "kustom": "https://api.kustom.co",
        "kustom-playground": "https://api.playground.kustom.co",
    }
    assert registry.base_address("klarna", "emulator", "http://127.0.0.1:5/klarna") == (
        "http://127.0.0.1:5/klarna",
        Reach.LOOPBACK,
    )


@pytest.mark.parametrize(
    ("username", "password", "likely"),
    [
        ("K123456_1", "x", {name for name in KLARNA if "playground" not in name}),
        ("PK123456_1", "x", {name for name in KLARNA if "playground" in name}),
        ("M123", "x", {"kustom"}),
        ("PM123", "x", {"kustom-playground"}),
        ("K123456_1", "kco_live_abc", {"kustom"}),
        ("PK123456_1", "kco_test_abc", {"kustom-playground"}),
        ("7f3c", "kco_live_abc", {"kustom", "kustom-playground"}),
        ("7f3c", "x", KLARNA),
        ("", "kco_live_abc", set()),
    ],
)
def test_credentials_look_made_for_some_hosts(username, password, likely):
    assert INFO.likely_hosts({"username": username, "password": password}) == likely
    assert INFO.likely_hosts({}) == frozenset()


def test_a_call_carries_basic_authentication_our_name_and_no_key_on_reads():
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404, json={"error_code": "NO_SUCH_ORDER"})

    keys = {"username": "PK1_a", "password": "p:w"}
    built = registry.build(
        "klarna", "klarna-eu-playground", keys, transport=httpx.MockTransport(answer), settings=SETTINGS
    )
    with pytest.raises(Exception, match="no such order"):
        built.fetch_payment(ORDER)
    (request,) = seen
    assert str(request.url) == f"https://api.playground.klarna.com/ordermanagement/v1/orders/{ORDER}"
    assert request.headers["authorization"] == "Basic UEsxX2E6cDp3"
    assert request.headers["user-agent"] == "Paydesk"
    assert "klarna-idempotency-key" not in request.headers


@pytest.mark.parametrize(
    "keys",
    [{"username": "a"}, {"username": "a", "password": "canary\r\nX: 1"}, {"username": "can:ary", "password": "b"}],
)
def test_wrong_credentials_name_fields_and_never_values(keys):
    with pytest.raises(infos.WrongCredentials) as refusal:
        registry.build("klarna", "klarna-eu", keys)
    assert "canary" not in str(refusal.value)
    assert "can:ary" not in str(refusal.value)
