"""Amounts, moments and states in the reader's language and zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest
from flask import Flask, g, url_for
from flask_babel import force_locale, refresh
from flask_babel import gettext as _

from webapp.domain.operations import OperationState
from webapp.domain.payment_state import PaymentState
from webapp.domain.permissions import Permission, Role
from webapp.formatting import Reading, addresses, day, exact, money, when, words
from webapp.formatting.lazy import _l

NOW = datetime(2026, 11, 21, 14, 5, 9, tzinfo=UTC)


@pytest.fixture
def reader(quick_app: Flask, request: pytest.FixtureRequest) -> Iterator[None]:
    language, zone = request.param
    with quick_app.test_request_context():
        g.signed_in = SimpleNamespace(language=language, time_zone=zone)
        yield


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("reader", "minor", "currency", "text"),
    [
        (("en", "UTC"), 1200, "JPY", "¥1,200"),
        (("en", "UTC"), 1250, "EUR", "€12.50"),
        (("fr", "UTC"), 123450, "EUR", "1 234,50 €"),
        (("sv", "UTC"), 120000, "SEK", "1 200,00 kr"),
        (("ja", "UTC"), 1200, "JPY", "￥1,200"),
        (("en", "UTC"), -500, "USD", "-$5.00"),
        (("en", "UTC"), 10**15, "JPY", "¥1,000,000,000,000,000"),
    ],
    indirect=["reader"],
)
def test_amounts_are_written_as_the_readers_language_writes_them(
    reader: None, minor: int, currency: str, text: str
) -> None:
    assert plain(money(minor, currency)) == text


@pytest.mark.parametrize("reader", [("en", "UTC")], indirect=True)
def test_moments_close_to_now_are_words_and_the_exact_one_is_in_the_title(reader: None) -> None:
    text = plain(when(NOW, now=NOW))
    assert ">today 14:05</time>" in text
    assert 'title="21 Nov 2026 14:05:09 UTC"' in text
    assert ">yesterday " in when(NOW.replace(day=20), now=NOW)
    assert ">3 Nov " in plain(when(NOW.replace(day=3), now=NOW))
    assert ">3 Nov 2025 " in plain(when(NOW.replace(year=2025, day=3), now=NOW))
    assert when(None) == "–"


@pytest.mark.parametrize("reader", [("fr", "Asia/Tokyo")], indirect=True)
def test_moments_are_in_the_readers_zone(reader: None) -> None:
    late = NOW.replace(hour=20)
    assert plain(exact(late)).startswith("22 nov. 2026 05:05:09")
    assert day(late) == "22 nov. 2026"


@pytest.mark.parametrize("reader", [("en", "No/Such_Zone")], indirect=True)
def test_a_zone_that_is_gone_is_read_as_utc(reader: None) -> None:
    assert "14:05:09 UTC" in exact(NOW)


@pytest.mark.parametrize("reader", [("en", "UTC")], indirect=True)
def test_every_state_right_and_role_has_its_words(reader: None) -> None:
    for state in [*OperationState, *PaymentState]:
        tag = words.state_tag(state)
        assert str(tag.word)
        assert tag.colour in {"neutral", "blue", "green", "amber", "red", "violet"}
    assert str(words.state_tag(OperationState.EXPIRED).word) != str(words.state_tag(PaymentState.EXPIRED).word)
    assert all(words.right_name(permission) for permission in Permission)
    assert all(words.role_name(role) and words.role_sentence(role) for role in Role)


@pytest.mark.parametrize("reader", [("sv", "Europe/Stockholm"), ("ja", "Asia/Tokyo")], indirect=True)
def test_a_list_reads_as_its_cells_would(reader: None) -> None:
    read = Reading(NOW)
    for moment in (NOW, NOW.replace(day=20), NOW.replace(month=3), NOW.replace(year=2024)):
        assert read.when(moment) == when(moment, now=NOW)
    assert read.money(123450, "SEK") == money(123450, "SEK")


def test_addresses_of_a_list_are_those_of_its_rows(quick_app: Flask) -> None:
    with quick_app.test_request_context():
        address_of = addresses("orders.show", "order_id")
        for order_id in (uuid4(), uuid4()):
            assert address_of(order_id) == url_for("orders.show", order_id=order_id)


@pytest.mark.parametrize("reader", [("sv", "UTC")], indirect=True)
def test_texts_that_were_looked_up_follow_a_change_of_language(reader: None) -> None:
    """Translations are kept for a request, in a place that Flask-Babel must empty when the language changes."""
    later = _l("Cancel")
    assert (_("Refund"), str(later)) == ("Återbetalning", "Avbryt")
    with force_locale("fr"):
        assert (_("Refund"), str(later)) == ("Remboursement", "Annuler")
    assert (_("Refund"), str(later)) == ("Återbetalning", "Avbryt")
    g.signed_in.language = "ja"
    refresh()
    assert _("Refund") == "返金"


@pytest.mark.parametrize("reader", [("fr", "UTC")], indirect=True)
def test_values_in_the_texts_of_templates_are_escaped(quick_app: Flask, reader: None) -> None:
    template = quick_app.jinja_env.from_string(
        "{{ _('Refund') }} {{ _('Refund up to %(amount)s', amount=sum) }}"
        " {{ ngettext('%(num)d order', '%(num)d orders', 2) }}"
    )
    shown = template.render(sum="<b>1</b>")
    assert shown.startswith("Remboursement ")
    assert "&lt;b&gt;1&lt;/b&gt;" in shown
    assert shown.endswith("2 commandes")
