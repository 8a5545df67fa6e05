"""What a list of methods changes, and which lists are believed."""

from __future__ import annotations

import pytest

from providers.snapshots import MethodOffer
from webapp.domain.method_list import cleaned, compare, is_sane, new_methods_start_on, without_repeats


def offer(slug: str, currency: str = "JPY", name: str = "") -> MethodOffer:
    return MethodOffer(slug, currency, {"en": name})


def test_a_list_adds_takes_away_and_brings_back() -> None:
    known = {("a", "JPY"): True, ("b", "JPY"): True, ("c", "JPY"): False, ("d", "JPY"): False}
    change = compare(known, [offer("a"), offer("c"), offer("a", "USD")])
    assert [(each.slug, each.currency) for each in change.added] == [("a", "USD")]
    assert (change.vanished, change.returned, change.still) == ({("b", "JPY")}, {("c", "JPY")}, {("a", "JPY")})


def test_the_first_of_a_repeated_method_counts() -> None:
    assert without_repeats([offer("a", name="1"), offer("b"), offer("a", name="2")]) == [
        offer("a", name="1"),
        offer("b"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        offer(""),
        offer("x" * 101),
        offer("a\x00"),
        offer("\ud800"),
        offer("a", ""),
        offer("a", "YENS"),
        offer("a", "J\x00Y"),
    ],
)
def test_what_can_be_no_method_is_seen(wrong: MethodOffer) -> None:
    assert not is_sane(wrong)


def test_an_unknown_method_is_as_good_as_a_known_one() -> None:
    assert is_sane(offer("brand_new_pay"))


def test_names_become_one_printable_line() -> None:
    assert cleaned(" カード\u3000決済\n\x1b ") == "カード 決済"


def test_new_methods_start_on_unless_the_account_says_otherwise_R30() -> None:
    assert [new_methods_start_on(each) for each in ({}, {"new_methods_on": True}, {"new_methods_on": False})] == [
        True,
        True,
        False,
    ]
