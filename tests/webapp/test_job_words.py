"""Every job, state, outcome, rule and wrong timetable has its words; schedules read as people say them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from providers.kinds import NotOffered, OperationKind
from webapp.domain.outcomes import RowOutcome
from webapp.formatting import job_words, schedule_words
from webapp.services.jobs.catalogue import JOBS
from webapp.services.jobs.listing import RunState
from webapp.services.jobs.rules import Rule
from webapp.services.jobs.schedules import ScheduleCommand

DAILY = ScheduleCommand(enabled=True, interval_s=86400)
CODES = {"interval_or_cron", "interval_bounds", "cron_fields", "cron_wrong", "cron_never"}
CODES |= {"hours_incomplete", "hours_wrong", "hours_empty", "no_day", "never_active"}


@pytest.fixture(autouse=True)
def reader(quick_app: Flask) -> Iterator[None]:
    """Somebody who reads English."""
    with quick_app.test_request_context():
        yield


def test_everything_that_can_stand_on_the_pages_has_words() -> None:
    assert set(JOBS) <= set(job_words.JOBS)
    assert set(job_words.STATES) == set(RunState)
    assert set(job_words.OUTCOMES) == set(RowOutcome)
    assert set(job_words.DONE) == set(OperationKind)
    assert set(job_words.RULES) >= set(Rule)
    assert set(schedule_words.WRONG) == CODES


def test_done_has_the_word_of_what_was_done() -> None:
    words = [job_words.outcome_tag(RowOutcome.DONE, kind).word for kind in (*OperationKind, None)]
    assert words == ["Captured", "Cancelled", "Refunded", "Amount changed", "Done"]
    assert job_words.outcome_tag(RowOutcome.REJECTED, OperationKind.REFUND).word == "Rejected"


def test_a_rule_of_the_provider_says_its_own_reason() -> None:
    assert job_words.rule_words("not_offered", NotOffered.BUYER_HAS_TO_PAY) == "The buyer has not paid yet."
    assert job_words.rule_words("not_available") == "The provider does not offer this for this payment."
    assert job_words.rule_words("made_up") == "A rule that this page has no words for."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "every minute"),
        (1800, "every 30 minutes"),
        (3600, "every hour"),
        (5400, "every 90 minutes"),
        (7200, "every 2 hours"),
        (86400, "daily"),
        (172800, "every 2 days"),
    ],
)
def test_an_interval_is_said_in_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert schedule_words.how_often(ScheduleCommand(enabled=True, interval_s=seconds)) == words


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0b0011111, "Mon–Fri"),
        (0b1100000, "Sat, Sun"),
        (0b0100111, "Mon–Wed, Sat"),
        (0b0000001, "Mon"),
        (0b1010100, "Wed, Fri, Sun"),
    ],
)
def test_days_are_named_and_neighbours_are_a_range(bits: int, words: str) -> None:
    assert schedule_words.days_text(bits) == words


def test_active_hours_name_the_zone_and_are_silent_when_there_are_none() -> None:
    night = ScheduleCommand(enabled=True, interval_s=60, active_from=1320, active_until=330)
    assert schedule_words.active_hours(night, "America/New_York") == "22:00–05:30 America/New York"
    assert schedule_words.active_hours(DAILY, "UTC") == ""


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("8", 480), ("08:00", 480), ("8.30", 510), ("23:59", 1439), ("24:00", 0), ("0", 0)]
    + [(text, None) for text in ("", "25", "24:01", "8:60", "8:5", "soon", "-1", "８", "08:00:00", "8:")],
)
def test_a_time_of_day_is_read_as_people_type_it(text: str, minutes: int | None) -> None:
    assert schedule_words.clock_minutes(text) == minutes
