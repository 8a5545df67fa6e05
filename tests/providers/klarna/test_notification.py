"""Unsigned messages are hints (Klarna page, section 6; R35, R36, I13)."""

import json

import pytest

from providers.klarna import notification
from tests.providers.klarna.samples import ORDER

HERE = {"order_id": ORDER}


@pytest.mark.parametrize("raw", [b"", b" \r\n"])
def test_r36_a_push_says_only_in_its_address_what_it_is_about_and_none_is_dropped(raw):
    first, second = notification.read(raw, HERE), notification.read(raw, HERE)
    assert (first.payment_ref, first.event, first.delivery_id) == (ORDER, "push", None)
    assert first.event_id != second.event_id


@pytest.mark.parametrize("event", ["FRAUD_RISK_ACCEPTED", "FRAUD_RISK_REJECTED", "FRAUD_RISK_STOPPED"])
def test_a_pending_order_notice_names_the_order_to_read(event):
    raw = json.dumps({"order_id": ORDER, "event_type": event, "timestamp": "2025-03-02T00:00:00Z"}).encode()
    read = notification.read(raw, {})
    assert (read.payment_ref, read.event) == (ORDER, event)
    assert notification.read(raw, {}).event_id == read.event_id
    assert notification.read(raw + b" ", {}).event_id != read.event_id


def test_the_order_of_the_body_wins_over_that_of_the_address():
    other = ORDER.replace("5d1c", "aaaa")
    assert notification.read(json.dumps({"order_id": other}).encode(), HERE).payment_ref == other


@pytest.mark.parametrize("raw", [b"<xml/>", b"[]", b"{", b"\xff", b'{"order_id": 7}', b'{"order_id": "../x"}', b"7"])
def test_a_body_that_says_nothing_falls_back_to_the_address(raw):
    assert notification.read(raw, HERE).payment_ref == ORDER
    assert notification.read(raw, {"order_id": "1 OR 1=1"}).payment_ref is None
    assert notification.read(raw, {}).event == ""


def test_order_ids_are_compared_in_lower_case():
    assert notification.read(b"", {"order_id": ORDER.upper()}).payment_ref == ORDER
