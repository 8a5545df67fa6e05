"""The words of mails: the shop's language, whole facts, nothing personal (R44)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask

from providers.kinds import OperationKind
from webapp.domain.alerts import AlertKind
from webapp.domain.outcomes import OutcomeWord
from webapp.formatting import LANGUAGES
from webapp.formatting.mail_texts import LONGEST_SUBJECT, Writer
from webapp.models import Mode
from webapp.services.mails.letters import AlertFacts, FailureLine, Failures, OverdueJob

REFUND = FailureLine(
    "10023", OperationKind.REFUND, OutcomeWord.FAILED, 1200, "JPY", "no_more_tries", "https://d.test/1"
)
CANCEL = FailureLine(
    "10024", OperationKind.CANCEL, OutcomeWord.REJECTED, 2550, "EUR", "state_forbids", "https://d.test/2"
)
CAPTURE = FailureLine("10025", OperationKind.CAPTURE, OutcomeWord.FAILED, 100, "SEK", "x\ny", "https://d.test/3")


def failures(*lines: FailureLine, language: str = "en", mode: Mode = Mode.LIVE, shop: str = "Tea 100%") -> Failures:
    return Failures(shop, language, mode, lines, len(lines), "https://d.test/orders")


def test_a_failure_mail_has_order_amount_reason_and_link(quick_app: Flask) -> None:
    with quick_app.app_context():
        text = Writer().failures(failures(REFUND, CANCEL, CAPTURE))
    assert text.subject == "Tea 100%: 3 requests were not done"
    assert (
        "10023 | Refund failed | ¥1,200\nThe provider could not be reached in many tries.\nhttps://d.test/1"
        in text.body
    )
    assert "10024 | Cancellation rejected | €25.50\n" in text.body
    assert "10025 | Capture failed | SEK" in text.body
    assert "for: x y\nhttps://d.test/3" in text.body
    assert "Test" not in text.subject + text.body


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([REFUND], "1 refund was not done"),
        ([CANCEL, CANCEL], "2 cancellations were not done"),
        ([REFUND, CANCEL], "2 refunds and cancellations were not done"),
    ],
)
def test_the_subject_names_the_shop_and_what_failed(quick_app: Flask, lines: list[FailureLine], words: str) -> None:
    with quick_app.app_context():
        assert Writer().failures(failures(*lines)).subject == f"Tea 100%: {words}"


def test_test_mode_is_said_first(quick_app: Flask) -> None:
    with quick_app.app_context():
        text = Writer().failures(failures(REFUND, mode=Mode.TEST))
    assert text.subject.startswith("[Test] Tea")
    assert text.body.startswith("This is about test mode")


def test_each_language_has_its_own_words_and_amounts_outside_of_a_request(quick_app: Flask) -> None:
    facts = OverdueJob("Tea", "", "Asia/Tokyo", "refund", datetime(2026, 3, 1, 12, tzinfo=UTC), "https://d.test/")
    with quick_app.app_context():
        found = {name: Writer().failures(failures(CANCEL, language=name)) for name in LANGUAGES}
        jobs = {
            name: Writer().job_overdue(
                OverdueJob(facts.shop_name, name, facts.time_zone, "refund", facts.since, facts.link)
            )
            for name in LANGUAGES
        }
        other = Writer().failures(failures(CANCEL, language="tlh"))
    assert len({text.subject for text in found.values()}) == len(LANGUAGES)
    assert len({text.body for text in jobs.values()}) == len(LANGUAGES)
    assert other == found["en"]
    assert "25,50\u00a0€" in found["fr"].body
    assert "€25.50" in found["ja"].body
    assert all("21:00" in text.body for text in jobs.values())
    assert "Refund cancelled orders" in jobs["en"].subject
    assert len({text.subject for text in jobs.values()}) == len(LANGUAGES)


@pytest.mark.parametrize("kind", list(AlertKind))
def test_an_alert_says_in_each_language_what_is_wrong_since_when_and_where_R47(
    quick_app: Flask, kind: AlertKind
) -> None:
    since = datetime(2026, 3, 1, 12, tzinfo=UTC)
    of_desk = kind in {AlertKind.BOOKS, AlertKind.AUDIT, AlertKind.OUTBOX}
    facts = AlertFacts(
        kind=kind,
        shop_name=None if of_desk else "Tea 100%",
        language="",
        time_zone="Asia/Tokyo",
        mode=None if of_desk else Mode.TEST,
        since=since,
        link="https://d.test/there",
    )
    with quick_app.app_context():
        found = {name: Writer().alert(replace(facts, language=name)) for name in LANGUAGES}
    assert len({text.subject for text in found.values()}) == len(LANGUAGES)
    assert len({text.body for text in found.values()}) == len(LANGUAGES)
    for text in found.values():
        assert "21:00" in text.body
        assert "\nhttps://d.test/there\n" in text.body
        assert "%(" not in text.subject + text.body
        assert ("Paydesk" if of_desk else "Tea 100%") in text.subject
    assert found["en"].subject.startswith("Paydesk: " if of_desk else "[Test] Tea 100%: ")
    assert found["en"].body.startswith("This is about test mode") != of_desk
    assert ("to its owners" in found["en"].body) == of_desk


def test_a_subject_is_one_short_line(quick_app: Flask) -> None:
    with quick_app.app_context():
        text = Writer().failures(failures(REFUND, shop="Tea\r\nBcc: x\x00" + "y" * 300))
    assert len(text.subject) == LONGEST_SUBJECT
    assert text.subject.startswith("Tea Bcc: x y")
