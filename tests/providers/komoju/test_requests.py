"""The exact bytes of every write (KOMOJU page, sections 2, 5, 6, 7, 16; R12, R25)."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import RequestNotPossible
from providers.kinds import NotOffered, OperationKind, ProviderState
from providers.komoju import requests
from providers.port import BankDetails, MoneyRequest, WireCall
from tests.providers.komoju.samples import AUTHORISED, CARD, KEY, facts, wish

CAPTURE, CANCEL, REFUND = OperationKind.CAPTURE, OperationKind.CANCEL, OperationKind.REFUND
BANK = BankDetails("ﾔﾏﾀﾞ ﾀﾛｳ", "みずほ銀行", "0001", "本店", "001", "normal", "0123456", False)
CASH = facts(method="konbini")
TAXED = facts(kept={"tax": 200})


def refused(request: MoneyRequest) -> NotOffered:
    with pytest.raises(RequestNotPossible) as refusal:
        requests.prepare(request)
    return refusal.value.why


def test_r12_example_b_to_the_byte():
    assert requests.prepare(wish(REFUND, 700, facts())) == WireCall(
        method="POST",
        path=f"/payments/{CARD}/refund",
        body=b'{"amount":700,"description":"op_52 mug broken"}',
        key=KEY,
        operation_id="op_52",
        kind=REFUND,
        amount_minor=700,
        currency="JPY",
        payment_ref=CARD,
    )


def test_example_a_a_part_capture_names_amount_and_tax():
    call = requests.prepare(wish(CAPTURE, 2200, AUTHORISED))
    assert (call.path, call.body) == (f"/payments/{CARD}/capture", b'{"amount":2200,"tax":0}')


def test_a_capture_of_everything_sends_an_empty_object_and_a_cancel_no_body():
    assert requests.prepare(wish(CAPTURE, 3300, AUTHORISED)).body == b"{}"
    call = requests.prepare(wish(CANCEL, 3300, AUTHORISED))
    assert (call.path, call.body) == (f"/payments/{CARD}/cancel", None)


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.data())
def test_r4_amount_and_tax_of_a_part_capture_sum_to_what_is_wanted(net, tax, data):
    total = net + tax
    minor = data.draw(st.integers(1, total))
    payment = replace(AUTHORISED, authorised_minor=total, kept={"tax": tax})
    body = json.loads(requests.prepare(wish(CAPTURE, minor, payment)).body or b"")
    if minor < total:
        assert body["amount"] + body["tax"] == minor
        assert 0 <= body["tax"] <= tax
    else:
        assert body == {}


def test_the_rest_without_tax_is_sent_as_an_amount():
    body = json.loads(requests.prepare(wish(REFUND, 1500, facts(refunded_minor=700))).body or b"")
    assert body == {"amount": 1500, "description": "op_52 mug broken"}


def test_with_tax_the_rest_is_sent_without_an_amount_and_a_part_only_behind_the_setting():
    whole = requests.prepare(wish(REFUND, 2200, TAXED, whole_rest=True))
    assert json.loads(whole.body or b"") == {"description": "op_52 mug broken"}
    assert refused(wish(REFUND, 700, TAXED)) is NotOffered.PART_WITH_TAX
    part = requests.prepare(wish(REFUND, 700, TAXED, settings={"partial_refund_with_tax": True}))
    assert json.loads(part.body or b"")["amount"] == 700


def test_with_tax_a_rest_beside_which_other_money_is_reserved_is_no_rest_at_komoju():
    request = wish(REFUND, 1500, TAXED, whole_rest=True)
    assert refused(request) is NotOffered.PART_WITH_TAX


def test_a_cash_method_is_refunded_by_request_with_the_account_number_as_text():
    call = requests.prepare(wish(REFUND, 700, CASH, bank_details=BANK))
    assert call.path == f"/payments/{CARD}/refund_request"
    assert json.loads(call.body or b"") == {
        "amount": 700,
        "customer_name": "ﾔﾏﾀﾞ ﾀﾛｳ",
        "bank_name": "みずほ銀行",
        "bank_code": "0001",
        "branch_name": "本店",
        "branch_number": "001",
        "account_type": "normal",
        "account_number": "0123456",
        "include_payment_method_fee": False,
        "description": "op_52 mug broken",
    }


def test_empty_optional_bank_fields_are_left_out():
    details = replace(BANK, bank_code="", branch_name="")
    body = json.loads(requests.prepare(wish(REFUND, 700, CASH, bank_details=details)).body or b"")
    assert not {"bank_code", "branch_name"} & body.keys()


def test_missing_or_wrong_bank_details_and_a_fee_beside_a_part_are_refused():
    assert refused(wish(REFUND, 700, CASH)) is NotOffered.NOT_SUPPORTED
    short = replace(BANK, account_number="123")
    assert refused(wish(REFUND, 700, CASH, bank_details=short)) is NotOffered.NOT_SUPPORTED
    with_fee = replace(BANK, include_payment_method_fee=True)
    assert refused(wish(REFUND, 700, CASH, bank_details=with_fee)) is NotOffered.PART_NOT_SUPPORTED
    call = requests.prepare(wish(REFUND, 2200, CASH, bank_details=with_fee))
    assert json.loads(call.body or b"")["include_payment_method_fee"] is True


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (wish(CANCEL, 2200, facts()), NotOffered.ALREADY_CAPTURED),
        (wish(CANCEL, 100, AUTHORISED), NotOffered.PART_NOT_SUPPORTED),
        (wish(REFUND, 2201, facts()), NotOffered.NOTHING_LEFT),
        (wish(REFUND, 0, facts()), NotOffered.NOTHING_LEFT),
        (wish(REFUND, 1600, facts(refunded_minor=700)), NotOffered.NOTHING_LEFT),
        (wish(REFUND, 1, facts(provider_state=ProviderState.WAITING)), NotOffered.BUYER_HAS_TO_PAY),
        (wish(REFUND, 1, facts(), payment_ref="../payments"), NotOffered.NOT_SUPPORTED),
        (wish(REFUND, 1, facts(), payment_ref=CARD.upper()), NotOffered.NOT_SUPPORTED),
    ],
)
def test_what_cannot_be_expressed_is_refused_before_anything_is_sent(request_, why):
    assert refused(request_) is why


def test_r1_another_currency_than_the_payments_is_refused():
    request = wish(REFUND, 700, facts())
    dollars = replace(request, payment=facts(currency="USD"))
    assert refused(dollars) is NotOffered.NOT_SUPPORTED


@pytest.mark.parametrize("key", ["", "k" * 101, "schlüssel", "a b", "a\r\nX: y"])
def test_r11_a_key_that_komoju_would_not_take_is_a_mistake_of_ours(key):
    with pytest.raises(ValueError, match="idempotency key"):
        requests.prepare(wish(REFUND, 700, facts(), key=key))


def test_r25_the_operation_id_comes_first_and_the_reason_stays_on_one_short_line():
    call = requests.prepare(wish(REFUND, 700, facts(), reason="  割れ\r\nた " + "x" * 500))
    description = json.loads(call.body or b"")["description"]
    assert description.startswith("op_52 割れ た xxx")
    assert len(description) == len("op_52 ") + 200
    assert json.loads(requests.prepare(wish(REFUND, 700, facts(), reason="")).body or b"")["description"] == "op_52"


def test_r12_the_shown_call_holds_no_bank_data_and_no_free_text():
    call = requests.prepare(wish(REFUND, 700, CASH, bank_details=BANK))
    shown = requests.redact(call)
    for secret in ("ﾔﾏﾀﾞ", "0123456", "みずほ", "本店", "mug", "001"):
        assert secret not in shown
        assert secret not in repr(call)
    assert shown.startswith(f'POST /payments/{CARD}/refund_request {{"amount": 700,')
    assert "op_52" in shown
    assert requests.redact(requests.prepare(wish(CANCEL, 3300, AUTHORISED))) == f"POST /payments/{CARD}/cancel"
