"""Short codes of operations (R25)."""

from uuid import UUID

import pytest

from providers.references import find_code, short_code


def test_r25_an_operation_always_has_the_same_short_code_and_others_have_another():
    codes = {short_code(str(UUID(int=number))) for number in range(2000)}
    assert len(codes) == 2000
    assert all(find_code(code) == code and len(code) == 7 for code in codes)
    assert short_code(str(UUID(int=7))) == short_code(str(UUID(int=7)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Refund R-7Q2M9 25%", "R-7Q2M9"),
        ("(R-7Q2M9)", "R-7Q2M9"),
        ("Refund", None),
        ("R-7Q2M", None),
        ("R-7Q2M99", None),
        ("XR-7Q2M9", None),
        ("R-7Q2MO", None),
    ],
)
def test_a_code_is_found_as_a_word_of_its_own(text, found):
    assert find_code(text) == found
