"""Webhook verification and reading, to the byte (KOMOJU page, section 10; R34)."""

import hashlib
import hmac
import json

import pytest

from providers.errors import SignatureWrong
from providers.komoju import notification
from providers.snapshots import Notification

SECRET = "komoju-webhook-secret-1"
LONG = (
    b'{"id":"1d2k5v8x0r3t6y9u2i5o8p1a4","type":"payment.refund.created","resource":"event","data":{"i'
    b'd":"7h2m9q4w1e8r5t2y9u6i3o0p7","resource":"payment","status":"captured","amount":3000,"tax":300'
    b',"total":3300,"payment_method_fee":0,"currency":"JPY","external_order_num":"ORD-1001","amount_r'
    b'efunded":1100,"refunds":[{"id":"3f8g1h4j7k0l3z6x9c2v5b8n1","resource":"refund","amount":1100,"c'
    b'urrency":"JPY","payment":"7h2m9q4w1e8r5t2y9u6i3o0p7","description":"one item returned","created'
    b'_at":"2026-01-15T03:00:00Z","chargeback":false}],"refund_requests":[]},"created_at":"2026-01-15'
    b'T03:00:01Z","reason":null}'
)
LONG_SIGNATURE = "c387d8072153868346eadf8423c544d7efc685bf3b0149282aade475764c4b2a"
PING = b'{"id":"aaaaaaaaaaaaaaaaaaaaaaaaa","type":"ping","resource":"event"}'
PING_SIGNATURE = "dfc1e8e3ecd899d35c4efaf74900daea4a0910377c3f993231a85884f49d3d10"


def headers(signature: str, delivery: str = "d1") -> dict[str, str]:
    return {"X-Komoju-Signature": signature, "X-Komoju-ID": delivery, "X-Komoju-Event": "x"}


def signed(body: bytes) -> dict[str, str]:
    return headers(hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest())


def test_the_pages_long_example_verifies_to_the_byte():
    assert len(LONG) == 596
    assert notification.read(headers(LONG_SIGNATURE), LONG, [SECRET]) == Notification(
        event_id="1d2k5v8x0r3t6y9u2i5o8p1a4",
        delivery_id="d1",
        event="payment.refund.created",
        payment_ref="7h2m9q4w1e8r5t2y9u6i3o0p7",
    )


def test_the_pages_ping_verifies_and_names_no_payment():
    assert len(PING) == 67
    read = notification.read(headers(PING_SIGNATURE), PING, [SECRET])
    assert (read.event, read.payment_ref) == ("ping", None)


def test_r34_header_names_fit_in_any_case_and_old_and_new_secret_both_work():
    given = {"x-komoju-signature": PING_SIGNATURE}
    for secrets in (["new", SECRET], [SECRET, "new"]):
        assert notification.read(given, PING, secrets).delivery_id is None


@pytest.mark.parametrize("secrets", [[], [""], [" "], ["\t\n"], ["", " ", "other"]])
def test_r34_a_blank_secret_verifies_nothing_not_even_what_was_signed_with_it(secrets):
    for secret in ["", " ", *secrets[:2]]:
        signature = hmac.new(secret.encode(), PING, hashlib.sha256).hexdigest()
        with pytest.raises(SignatureWrong):
            notification.read(headers(signature), PING, secrets)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        PING_SIGNATURE[:-1],
        PING_SIGNATURE + "0",
        PING_SIGNATURE.upper(),
        "ｄ" * 64,
        "\udcff",
        LONG_SIGNATURE,
    ],
)
def test_r34_any_other_signature_is_wrong(signature):
    with pytest.raises(SignatureWrong):
        notification.read(headers(signature), PING, [SECRET])


def test_r34_no_signature_header_is_wrong():
    with pytest.raises(SignatureWrong):
        notification.read({}, PING, [SECRET])


@pytest.mark.parametrize("at", [0, 10, 300, 595])
def test_r34_one_changed_byte_breaks_the_signature(at):
    changed = LONG[:at] + bytes([LONG[at] ^ 1]) + LONG[at + 1 :]
    with pytest.raises(SignatureWrong):
        notification.read(headers(LONG_SIGNATURE), changed, [SECRET])


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b"\xff"])
def test_r38_a_signed_body_that_cannot_be_read_is_kept_under_its_hash(body):
    read = notification.read(signed(body), body, [SECRET])
    assert read.event_id == "sha256:" + hashlib.sha256(body).hexdigest()
    assert (read.event, read.payment_ref) == ("x", None)


@pytest.mark.parametrize(
    ("event", "data", "ref"),
    [
        ("payment.captured", {"id": "7h2m9q4w1e8r5t2y9u6i3o0p7"}, "7h2m9q4w1e8r5t2y9u6i3o0p7"),
        ("refund_request.updated", {"payment": "7h2m9q4w1e8r5t2y9u6i3o0p7"}, "7h2m9q4w1e8r5t2y9u6i3o0p7"),
        ("payment.captured", {"id": "../../etc"}, None),
        ("payment.captured", {"id": 5}, None),
        ("payment.captured", None, None),
        ("customer.created", {"id": "7h2m9q4w1e8r5t2y9u6i3o0p7"}, None),
    ],
)
def test_only_a_payment_that_the_event_names_is_to_be_fetched(event, data, ref):
    body = json.dumps({"id": "e", "type": event, "data": data}).encode()
    assert notification.read(signed(body), body, [SECRET]).payment_ref == ref
