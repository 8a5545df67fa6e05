"""The port's own behaviour: what is stored of a call, and what stays out of every text."""

from dataclasses import replace

from providers.kinds import OperationKind
from providers.port import BankDetails, WireCall

CALL = WireCall(
    method="POST",
    path="/payments/7h2m9q4w1e8r5t2y9u6i3o0p7/refund",
    body='{"amount":700,"description":"op_52 割れた \\u0000"}'.encode(),
    key="0d6f4c1e-7b90-4a77-9d53-3b0e2c648f1e",
    operation_id="op_52",
    kind=OperationKind.REFUND,
    amount_minor=700,
    currency="JPY",
    payment_ref="7h2m9q4w1e8r5t2y9u6i3o0p7",
)


def test_r12_a_stored_call_comes_back_to_the_byte():
    for call in (CALL, replace(CALL, body=None), replace(CALL, body=b"")):
        assert WireCall.from_bytes(call.to_bytes()) == call


def test_r12_the_digest_changes_with_method_path_and_body_only():
    others = [replace(CALL, method="PUT"), replace(CALL, path="/x"), replace(CALL, body=b"{}")]
    assert len({CALL.digest(), *(other.digest() for other in others)}) == 4
    assert replace(CALL, key="another").digest() == CALL.digest()
    assert len(CALL.digest()) == 64


def test_a_calls_text_shows_no_body():
    assert "amount" not in repr(CALL)
    assert CALL.path in repr(CALL)


def test_bank_details_show_nothing():
    details = BankDetails("ﾔﾏﾀﾞ ﾀﾛｳ", "みずほ銀行", "0001", "本店", "001", "normal", "0123456", True)
    assert repr(details) == str(details) == "BankDetails(…)"
