"""The bytes of a hosted page's request (KOMOJU page, section 8)."""

import json

from providers.komoju import sessions
from providers.money import Money


def test_only_what_was_given_is_sent_and_a_repeat_has_the_same_bytes():
    request = sessions.SessionRequest("k", Money(1250, "USD"), "https://a.test/back", "ORD-1")
    assert json.loads(sessions.body(request)) == {
        "mode": "payment",
        "amount": 1250,
        "currency": "USD",
        "return_url": "https://a.test/back",
        "default_locale": "ja",
        "expires_in_seconds": 86400,
        "payment_data": {"external_order_num": "ORD-1", "capture": "auto"},
    }
    assert sessions.body(request) == sessions.body(request)


def test_the_buyers_address_and_language_are_sent_where_given():
    request = sessions.SessionRequest(
        "k", Money(1, "JPY"), "https://a.test", "1", locale="en", email="buyer@example.test", expires_in_s=600
    )
    body = json.loads(sessions.body(request))
    assert (body["email"], body["default_locale"], body["expires_in_seconds"]) == ("buyer@example.test", "en", 600)
