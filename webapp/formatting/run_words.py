"""What the page of one run says: where it stands in a sentence, who started it, and how often to look again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.outcomes import RowOutcome
from webapp.formatting import number
from webapp.formatting.job_words import compared_words
from webapp.services.jobs.catalogue import RECONCILE
from webapp.services.jobs.listing import RunFacts, RunState

SOON_S, LATER_S = 2, 15
LONG_WAIT = timedelta(minutes=2)
MOVING = (RowOutcome.UNDER_WAY, RowOutcome.RETRYING, RowOutcome.UNKNOWN)
"""Outcomes that become others by themselves."""


def lead(facts: RunFacts, here: Mapping[RowOutcome, int]) -> str:
    """Where the run stands, in one or two sentences; `here` counts the rows of the reader's mode as they are now."""
    if facts.line.state is RunState.WAITING:
        return _waiting(facts)
    if facts.line.state is RunState.WORKING:
        return _working(facts)
    if facts.line.state is RunState.FAILED:
        return _("It was broken off by an error of Paydesk. What stands below was done; the next run takes the rest.")
    if not facts.found:
        return _agreed(facts) if facts.job.name == RECONCILE else _("It found nothing to do.")
    moving = sum(here.get(outcome, 0) for outcome in MOVING)
    if moving:
        words = ngettext("%(num)d row goes on by itself.", "%(num)d rows go on by themselves.", moving)
        return _("Every row has a first result.") + " " + words
    return (
        _("It is done. Every row has its result.") if here else _("It is done. All its rows stand in the other mode.")
    )


def _agreed(facts: RunFacts) -> str:
    """A comparison writes rows only for what it has to tell."""
    words = compared_words(facts.line.run.result)
    return _("Our books and the providers agree.") + f" {words}." if words else _("No payment was due.")


def lead_colour(facts: RunFacts, here: Mapping[RowOutcome, int]) -> str:
    """How the sentence looks: one of the stages of an operation's page."""
    if facts.line.state is RunState.FAILED:
        return "not_done"
    if not facts.line.is_over:
        return "sent"
    is_good = here.get(RowOutcome.DONE) and set(here) <= {RowOutcome.DONE, RowOutcome.SKIPPED}
    return "done" if is_good else "planned"


def _waiting(facts: RunFacts) -> str:
    if facts.now - facts.line.run.not_before > LONG_WAIT:
        return _("No worker has taken it yet. Ask your operator whether the workers run.")
    return _("It waits for a worker, which takes a few seconds.")


def _working(facts: RunFacts) -> str:
    run = facts.line.run
    if run.faults and run.lease_until is None and run.not_before > facts.now:
        return _("An error of Paydesk held it up. It goes on by itself in a few minutes, from where it stopped.")
    if run.lease_until is None and run.not_before > facts.now:
        return _("One reading is not enough for what it found. It reads once more in a minute.")
    if not facts.found:
        return _("It looks for what there is to do.")
    done, of_all = number(facts.with_outcome), number(facts.found)
    return _("%(done)s of %(found)s rows have a result.", done=done, found=of_all)


def started_by(facts: RunFacts) -> str:
    """A person, the clock, or an operator of the machine."""
    run = facts.line.run
    if run.request_id is None:
        return _("The clock")
    return facts.line.requested_by or _("An operator, from the command line")


def refresh_s(facts: RunFacts, here: Mapping[RowOutcome, int]) -> int:
    """After how many seconds the page looks again by itself; 0: nothing changes any more."""
    if not facts.line.is_over:
        return SOON_S
    return LATER_S if any(here.get(outcome) for outcome in MOVING) else 0
