"""The life of a mail: nothing leads out of an end, and five tries span a day (R42)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from webapp.domain.mails import LEGAL_MOVES, MOST_TRIES, STATE_AFTER, Handover, MailState, next_try, states_before

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_nothing_leads_out_of_an_end_I14() -> None:
    ends = {state for state, after in LEGAL_MOVES.items() if not after}
    assert ends == {MailState.SENT, MailState.FAILED, MailState.MAYBE_SENT, MailState.STOPPED}
    assert states_before(MailState.SENDING) == {MailState.QUEUED}
    assert states_before(MailState.SENT) == {MailState.SENDING}


def test_every_answer_leads_to_a_state_that_may_be_reached_but_a_lost_lease() -> None:
    assert set(Handover) - set(STATE_AFTER) == {Handover.LOST}
    assert all(state in LEGAL_MOVES[MailState.SENDING] for state in STATE_AFTER.values())


def test_five_tries_span_a_day_R42() -> None:
    at, tries = NOW, 1
    while (due_at := next_try(tries, at)) is not None:
        at, tries = due_at, tries + 1
    assert tries == MOST_TRIES == 5
    assert timedelta(hours=23) < at - NOW <= timedelta(hours=24)
