"""The words of the jobs: their names, what became of a run's rows, and why a payment is taken or left out."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _

from providers.kinds import NotOffered
from webapp.domain.outcomes import RowOutcome
from webapp.formatting.lazy import _l
from webapp.formatting.method_words import SYNC_RESULTS
from webapp.formatting.money_words import RULES, why_not, why_not_done
from webapp.formatting.words import Tag
from webapp.services.jobs.listing import RowLine, RunState
from webapp.services.jobs.rules import Judged, Rule
from webapp.services.methods.fetching import SyncCode

JOBS: Mapping[str, tuple[str, str]] = {
    "cancel": (_l("Cancel"), _l("Releases the money of orders that were cancelled and not paid.")),
    "refund": (_l("Refund"), _l("Gives back what is left of orders that were cancelled and paid.")),
    "look-up": (_l("Ask about unknown results"), _l("Asks the provider at once about everything that is in doubt.")),
    "method-sync": (_l("Payment methods"), _l("Reads which methods the provider offers. Switches stay as they are.")),
    "housekeeping": (_l("Housekeeping"), _l("Drops what has been kept long enough.")),
    "verify": (_l("Check of the books"), _l("Looks for sums, movements and audit entries that do not fit.")),
}
OUTCOMES: Mapping[RowOutcome, Tag] = {
    RowOutcome.DONE: Tag(_l("Done"), "green", "check"),
    RowOutcome.REJECTED: Tag(_l("Rejected"), "red", "cross"),
    RowOutcome.FAILED: Tag(_l("Failed, no more tries"), "red", "warning"),
    RowOutcome.RETRYING: Tag(_l("Failed, tried again by itself"), "amber", "clock"),
    RowOutcome.UNKNOWN: Tag(_l("We do not know yet"), "violet", "question"),
    RowOutcome.UNDER_WAY: Tag(_l("Under way"), "blue", "send"),
    RowOutcome.STOPPED: Tag(_l("Stopped before sending"), "neutral", "minus"),
    RowOutcome.SKIPPED: Tag(_l("Skipped"), "neutral", "minus"),
}
STATES: Mapping[RunState, Tag] = {
    RunState.WAITING: Tag(_l("Waiting"), "blue", "clock"),
    RunState.WORKING: Tag(_l("Working"), "blue", "clock"),
    RunState.ENDED: Tag(_l("Ended"), "green", "check"),
    RunState.FAILED: Tag(_l("Broken off"), "red", "warning"),
}
RULE_WORDS: Mapping[Rule, str] = {
    Rule.TAKEN: _l("It is taken."),
    Rule.NOT_CANCELLED: _l("The order is not cancelled."),
    Rule.NO_ACTION_ASKED: _l("The order is cancelled, but the change of its status asked for no action."),
    Rule.NO_PAYMENT: _l("The order has no payment."),
    Rule.PAID: _l("The money is captured. It is work for the refund job."),
    Rule.NOT_PAID: _l("Nothing was captured. It is work for the cancel job."),
    Rule.NOTHING_LEFT: _l("Nothing is left to move on this payment."),
    Rule.ANSWERED: _l("This change of status was acted on already. It is not taken twice."),
    Rule.UNDER_WAY: _l("Something else on this payment is under way. A later run looks again."),
    Rule.FROZEN: _l("The payment is frozen until somebody has looked into it."),
    Rule.BANK_DETAILS: _l("The refund needs the customer's bank account. It waits for a person."),
    Rule.REASON_MISSING: _l("The shop's list of reasons has no “order cancelled” in use. Bring it back into use."),
}
OF_ROWS: Mapping[str, str] = {
    "not_filed": _l("An error of Paydesk kept it back. The next run takes it again; tell your admin."),
    "not_synced": _l("An error of Paydesk kept it back. Tell your admin."),
    "asked_already": _l("It was asked moments ago, or its result is known now."),
}
TIMETABLE: Mapping[str, str] = {
    "interval_or_cron": _l("Choose either a time between runs or a cron line."),
    "interval_bounds": _l("The time between two runs must be between 1 minute and 31 days."),
    "cron_fields": _l("A cron line has five fields: minute, hour, day, month, weekday. Example: 30 4 * * 1-5"),
    "cron_wrong": _l("A field of the cron line is not right. Use numbers, names such as mon or jan, and * , - /"),
    "cron_never": _l("The cron line names a day that never comes."),
    "hours_incomplete": _l("Enter both ends of the active hours, or neither."),
    "hours_wrong": _l("The active hours must lie between 00:00 and 23:59."),
    "hours_empty": _l("The active hours must not begin and end at the same time."),
    "no_day": _l("Choose at least one day."),
    "never_active": _l("The cron line never falls within the active hours. Change one of them."),
}
REFUSALS: Mapping[str, str] = {
    "not_ended": _l("The run has not ended yet. Try again when it has."),
    "nothing_failed": _l("Nothing of this run failed for good, so there is nothing to repeat."),
    "not_rehearsed": _l("This job moves no money, so there is nothing to rehearse."),
    "request_id_taken": _l("This form was used for something else already. Open the page again."),
}


def job_name(job: str) -> str:
    """A job as a heading."""
    return str(JOBS[job][0])


def job_sentence(job: str) -> str:
    """What a job does."""
    return str(JOBS[job][1])


def rule_words(judged: Judged) -> str:
    """Why a payment is taken or left out, as a sentence."""
    return why_not(judged.why) if judged.rule is Rule.NOT_OFFERED else str(RULE_WORDS[judged.rule])


def row_words(line: RowLine) -> str:
    """Why a row stands where it does, as a sentence; "" where there is nothing to say."""
    if line.outcome in {RowOutcome.REJECTED, RowOutcome.FAILED, RowOutcome.RETRYING} and line.operation is not None:
        return why_not_done(line.operation)
    code = line.row.code
    if code is None:
        return ""
    if code == Rule.NOT_OFFERED:
        return why_not(NotOffered(line.row.details["why"]))
    if line.row.payment_id is None and code in set(SyncCode):
        return str(SYNC_RESULTS.get(SyncCode(code), ""))
    known = RULE_WORDS.get(Rule(code)) if code in set(Rule) else OF_ROWS.get(code) or RULES.get(code)
    return str(known) if known else str(_("The provider could not be reached or gave no clear answer."))
