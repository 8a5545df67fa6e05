"""The check of texts finds what a language lacks."""

from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from tests.checks.texts import findings, written


def catalogue(**texts: str) -> Catalog:
    made = Catalog(locale="fr")
    for name, text in texts.items():
        made.add(name, text)
    return made


def test_a_complete_language_has_no_findings() -> None:
    assert list(findings(catalogue(Refund=""), catalogue(Refund="Rembourser"), "fr")) == []


def test_missing_empty_doubtful_and_left_over_texts_are_named() -> None:
    wanted = catalogue(Refund="", Cancel="", Order="")
    have = catalogue(Refund="", Gone="Parti")
    have.add("Cancel", "Annuler", flags=["fuzzy"])

    assert sorted(findings(wanted, have, "fr")) == [
        "fr: 'Cancel' is marked fuzzy",
        "fr: 'Gone' is on no page any more; run `make texts`",
        "fr: 'Order' is missing; run `make texts`",
        "fr: 'Refund' has no translation",
    ]


def test_a_translation_that_loses_a_placeholder_is_named() -> None:
    wanted, have = Catalog(), Catalog(locale="fr")
    wanted.add("%(count)s orders", "", flags=["python-format"])
    have.add("%(count)s orders", "%(cont)s commandes", flags=["python-format"])

    assert len(list(findings(wanted, have, "fr"))) == 1


def test_a_catalogue_is_written_the_same_twice_and_keeps_its_plurals() -> None:
    made = catalogue(Refund="Rembourser", Cancel="")
    made.add(("%(num)s order", "%(num)s orders"), ("%(num)s commande", "%(num)s commandes"))

    first = written(made)
    again = read_po(BytesIO(first), locale="fr")

    assert written(again) == first
    assert b"Plural-Forms" in first
    assert b"Date" not in first
    assert list(findings(made, again, "fr")) == ["fr: 'Cancel' has no translation"]
