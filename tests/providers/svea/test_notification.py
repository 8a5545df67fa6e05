"""Events of section 8: what they are about, what makes two of them the same, and their optional signature."""

import hashlib
import hmac
import json

import pytest

from providers.errors import SignatureWrong
from tests.providers.svea.rigs import offline

EVENT = {
    "EventName": "CheckoutOrder.CreditFailed",
    "CheckoutOrderId": 4410021,
    "CreditId": 771204,
    "CorrelationId": "61a0b5f4-3f52-4b0e-9d4f-6f3a58a0b0cc",
    "TimestampUtc": "2025-03-05T09:49:22.0005285Z",
}
ID = "CheckoutOrder.CreditFailed:4410021:771204:2025-03-05T09:49:22.0005285Z"


def read(event, headers=None, secrets=(), query=None, **settings):
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    return offline(**settings).read_notification(headers or {}, raw, secrets, query or {})


def test_the_example_names_its_order_and_is_known_again():
    seen = read(EVENT)
    assert (seen.event_id, seen.event, seen.payment_ref) == (ID, "CheckoutOrder.CreditFailed", "4410021")


def test_an_id_as_text_is_the_same_event():
    """Ids are numbers in events and texts in answers (call 16)."""
    assert read({**EVENT, "CreditId": "771204", "CheckoutOrderId": "4410021"}) == read(EVENT)


@pytest.mark.parametrize(
    "changed", [{"CreditId": 771205}, {"TimestampUtc": "2025-03-05T09:49:23Z"}, {"EventName": "X"}]
)
def test_another_subject_moment_or_name_is_another_event(changed):
    assert read({**EVENT, **changed}).event_id != ID


def test_a_delivery_tells_events_apart_too():
    one = {"EventName": "CheckoutOrder.Delivered", "CheckoutOrderId": 1, "DeliveryId": 5, "TimestampUtc": "t"}
    assert read(one).event_id == "CheckoutOrder.Delivered:1:5:t"


def test_a_ping_is_about_nothing():
    seen = read({"EventName": "Ping", "TimestampUtc": "2025-03-05T09:49:22Z"})
    assert (seen.event, seen.payment_ref) == ("Ping", None)


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"\xff"])
def test_r38_what_cannot_be_read_is_kept_under_its_hash(raw):
    seen = read(raw)
    assert (seen.event_id, seen.payment_ref) == (f"sha256:{hashlib.sha256(raw).hexdigest()}", None)


@pytest.mark.parametrize("ref", ["../x", "1;2", "", "1" * 19, None, True, [1]])
def test_what_is_no_order_id_is_not_fetched(ref):
    assert read({**EVENT, "CheckoutOrderId": ref}).payment_ref is None


@pytest.mark.parametrize("raw", [b"", b"{}", b"anything"])
def test_r36_a_push_has_its_order_in_the_address_and_none_is_dropped(raw):
    first, second = (read(raw, query={"order": "4410021"}) for _ in range(2))
    assert (first.payment_ref, first.event) == ("4410021", "push")
    assert first.event_id != second.event_id
    assert read(raw, query={"order": "../x"}).payment_ref is None


def test_an_event_is_about_its_own_order_whatever_the_address_says():
    assert read(EVENT, query={"order": "1"}) == read(EVENT)


@pytest.mark.parametrize("algorithm", ["", "sha256", "sha512"])
def test_r34_where_a_header_is_named_any_of_the_secrets_has_to_have_signed(algorithm):
    raw = json.dumps(EVENT).encode()
    settings = {"event_signature_header": "Svea-Signature", "event_signature_algorithm": algorithm}
    made = hmac.new(b"new", raw, algorithm or "sha256").hexdigest()
    headers = {"svea-signature": made.upper()}
    assert read(raw, headers, ("old", "new"), **settings).payment_ref == "4410021"
    for wrong_headers, secrets in [({}, ("new",)), (headers, ("old",)), (headers, ()), (headers, ("", " "))]:
        with pytest.raises(SignatureWrong):
            read(raw, wrong_headers, secrets, **settings)
    with pytest.raises(SignatureWrong):
        read(raw + b" ", headers, ("new",), **settings)


def test_a_header_that_nobody_named_decides_nothing():
    assert read(EVENT, {"Svea-Signature": "0" * 64}, ("secret",)).payment_ref == "4410021"


def test_an_unknown_algorithm_is_refused_when_the_account_is_opened():
    with pytest.raises(ValueError, match="algorithm"):
        offline(event_signature_header="Svea-Signature", event_signature_algorithm="md5")
