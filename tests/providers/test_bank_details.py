"""Bank details for a refund by transfer (KOMOJU page, section 6)."""

from dataclasses import replace

import pytest

from providers.bank_details import wrong_fields
from providers.port import BankDetails

GOOD = BankDetails("ﾔﾏﾀﾞ ﾀﾛｳ", "みずほ銀行", "0001", "本店", "001", "normal", "0123456", False)


def test_good_details_have_no_wrong_fields_and_two_may_be_empty():
    assert wrong_fields(GOOD) == []
    assert wrong_fields(replace(GOOD, bank_code="", branch_name="", customer_name="ｶ)ﾍﾟｲﾃﾞｽｸ")) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_name", "ヤマダ タロウ"),
        ("customer_name", "山田太郎"),
        ("customer_name", ""),
        ("bank_name", ""),
        ("bank_name", " "),
        ("bank_code", "001"),
        ("branch_name", " 本店"),
        ("branch_number", "0001"),
        ("account_type", "giro"),
        ("account_number", "123456"),
        ("account_number", "12345678"),
        ("account_number", "１２３４５６７"),
        ("account_number", "1234567\n"),
    ],
)
def test_a_field_that_breaks_its_rule_is_named(field, value):
    assert wrong_fields(replace(GOOD, **{field: value})) == [field]
