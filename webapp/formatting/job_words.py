"""The words of the jobs' pages: jobs, runs, what became of a row, and what lets a payment in or keeps it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from providers.kinds import NotOffered, OperationKind
from webapp.domain.cases import CaseKind
from webapp.domain.outcomes import RowOutcome
from webapp.domain.status_actions import SEVERAL_PAYMENTS, FiringState
from webapp.formatting import money, number, when
from webapp.formatting.case_words import UNREAD, case_title
from webapp.formatting.lazy import _l
from webapp.formatting.method_words import SYNC_RESULTS
from webapp.formatting.money_words import RULES as OF_MONEY
from webapp.formatting.money_words import why_not, why_not_done
from webapp.formatting.words import Tag
from webapp.models import JobRow
from webapp.services.cases.foreseeing import Foreseen, Turn
from webapp.services.cases.reading import Unread
from webapp.services.jobs.asking import ASKED_ALREADY
from webapp.services.jobs.catalogue import (
    CANCEL,
    HOUSEKEEPING,
    LOOK_UP,
    METHOD_SYNC,
    ORDER_STATUS,
    RECONCILE,
    REFUND,
    VERIFY,
    Job,
)
from webapp.services.jobs.listing import RowLine, RunLine, RunState
from webapp.services.jobs.reconciling import BOOKED, CASES, NOT_COMPARED
from webapp.services.jobs.rules import Rule
from webapp.services.jobs.syncing import NOT_SYNCED
from webapp.services.jobs.undoing import NOT_FILED
from webapp.services.methods.fetching import SyncCode
from webapp.services.verify import WHOLE

JOBS: Mapping[str, tuple[str, str]] = {
    METHOD_SYNC: (
        _l("Read payment methods"),
        _l("Reads which payment methods each provider account offers. It never touches your switches."),
    ),
    CANCEL: (
        _l("Cancel orders at the provider"),
        _l("Takes orders that were cancelled and not paid, and releases what is reserved."),
    ),
    REFUND: (
        _l("Refund cancelled orders"),
        _l("Takes orders that were cancelled and paid, and gives back what is left."),
    ),
    ORDER_STATUS: (
        _l("Carry out status actions"),
        _l("Takes what changes of order status set going and what could not be done at once."),
    ),
    LOOK_UP: (
        _l("Ask about open results"),
        _l("Asks the providers about results that are not known yet. This also goes on by itself all the time."),
    ),
    RECONCILE: (
        _l("Compare with the providers"),
        _l(
            "Reads open payments every hour and those of the last 90 days every night. What was done at the provider is"
            " booked; what does not add up becomes a case."
        ),
    ),
    HOUSEKEEPING: (_l("Tidy up"), _l("Drops sessions, messages and runs that have been kept long enough.")),
    VERIFY: (_l("Check the books"), _l("Adds up all sums again and looks for changes in the audit.")),
}
NOT_REHEARSED: Mapping[str, str] = {
    METHOD_SYNC: _l("There is nothing to rehearse: a run always reads every account and moves no money."),
    LOOK_UP: _l("There is nothing to rehearse: a run asks about every open result and moves no money by itself."),
}
TURNS: Mapping[Turn, str] = {
    Turn.READ: _l("Its comparison is due."),
    Turn.LATER: _l("Its comparison is due later: %(time)s."),
    Turn.NO_MORE: _l("Nothing is held and nothing has moved for 90 days, so it is not compared any more."),
    Turn.BREAKER_OPEN: UNREAD[Unread.BREAKER_OPEN],
}
"""Why the next run of the comparison reads a payment or not."""
STATES: Mapping[RunState, Tag] = {
    RunState.WAITING: Tag(_l("Waiting for a worker"), "blue", "clock"),
    RunState.WORKING: Tag(_l("Running"), "blue", "send"),
    RunState.ENDED: Tag(_l("Finished"), "neutral", "check"),
    RunState.FAILED: Tag(_l("Broken off"), "red", "warning"),
}
OUTCOMES: Mapping[RowOutcome, Tag] = {
    RowOutcome.DONE: Tag(_l("Done"), "green", "check"),
    RowOutcome.REJECTED: Tag(_l("Rejected"), "red", "cross"),
    RowOutcome.FAILED: Tag(_l("Failed"), "red", "warning"),
    RowOutcome.RETRYING: Tag(_l("Failed, tried again"), "amber", "warning"),
    RowOutcome.UNKNOWN: Tag(_l("We do not know yet"), "violet", "question"),
    RowOutcome.UNDER_WAY: Tag(_l("Under way"), "blue", "clock"),
    RowOutcome.STOPPED: Tag(_l("Stopped before sending"), "neutral", "minus"),
    RowOutcome.SKIPPED: Tag(_l("Skipped"), "neutral", "minus"),
}
"""In the order in which pages count them."""
DONE: Mapping[OperationKind, str] = {
    OperationKind.CANCEL: _l("Cancelled"),
    OperationKind.REFUND: _l("Refunded"),
    OperationKind.CAPTURE: _l("Captured"),
    OperationKind.UPDATE: _l("Amount changed"),
}
RULES: Mapping[str, str] = {
    Rule.TAKEN: _l("The order was cancelled, and this much is left."),
    Rule.NOT_CANCELLED: _l("The order does not stand in a status that means cancelled."),
    Rule.NO_ACTION_ASKED: _l(
        "The order stands as cancelled, but its status was set without asking for anything to be done, for example"
        " when it was first imported. Set the status again, or refund by hand."
    ),
    Rule.NO_PAYMENT: _l("The order has no payment."),
    Rule.PAID: _l("The money is captured already. The job that refunds takes it."),
    Rule.NOT_PAID: _l("Nothing was captured. The job that cancels takes it."),
    Rule.NOTHING_LEFT: _l("Nothing is left to move on this payment."),
    Rule.ANSWERED: _l("This cancellation of the order was answered already. A job answers it once."),
    Rule.UNDER_WAY: _l("Another request of this payment is still under way."),
    Rule.FROZEN: _l("The payment is frozen until somebody has looked into it."),
    Rule.BANK_DETAILS: _l("The refund needs the customer's bank account, so a person has to enter it."),
    Rule.NOT_OFFERED: _l("The provider does not offer this for this payment."),
    Rule.REASON_MISSING: _l("The shop has retired the reason “Order cancelled”. Use it again in the shop's settings."),
    ASKED_ALREADY: _l("The provider was asked a moment ago."),
    NOT_FILED: _l("An error of Paydesk. Your operator finds it in the log."),
    NOT_COMPARED: _l("An error of Paydesk. Your operator finds it in the log."),
    **UNREAD,
    NOT_SYNCED: _l("An error of Paydesk. Your operator finds it in the log."),
    FiringState.AS_WISHED: _l("The payment is already as the status action wants it."),
    FiringState.ANSWERED: _l("A job has answered this change of status already."),
    SEVERAL_PAYMENTS: _l("The order has several payments, so it is not known which one its total is for."),
    "frozen": _l("The payment is frozen until somebody has looked into it."),
    "disk_full": _l("The disk of the desk is nearly full, so nothing new is taken. Tell your operator."),
    "not_enough": _l("Less was left than expected. The next run looks again."),
    "amount_too_low": _l("The amount must not be less than what is captured or promised to requests under way."),
    "available_changed": _l("The payment changed while the job looked at it. The next run looks again."),
    "reason_missing": _l("The shop has retired the reason “Order cancelled”. Use it again in the shop's settings."),
    "bank_details_missing": _l("The refund needs the customer's bank account, so a person has to enter it."),
}
"""Also the codes with which filing an operation refuses, where the words of forms do not fit."""
UNASKED = _l("A rule that this page has no words for.")


def job_title(job: str) -> str:
    """What a job is called."""
    return str(JOBS[job][0])


def job_sentence(job: str) -> str:
    """What a job does, in a sentence."""
    return str(JOBS[job][1])


def why_not_rehearsed(job: Job) -> str:
    """Why nobody can ask what a run of it would take; "" where they can."""
    return "" if job.is_rehearsed else str(NOT_REHEARSED[job.name])


def turn_words(foreseen: Foreseen) -> str:
    """Why the next run of the comparison reads a payment or not, as a sentence."""
    due_at = foreseen.payment.compare_at
    return TURNS[foreseen.turn] % {"time": when(due_at) if due_at else ""}


def outcome_tag(outcome: RowOutcome, kind: OperationKind | None) -> Tag:
    """The word of an outcome: what is done has the word of what was done (product.md section 5)."""
    tag = OUTCOMES[outcome]
    if outcome is RowOutcome.DONE and kind is not None:
        return Tag(DONE[kind], tag.colour, tag.icon)
    return tag


def counts_words(line: RunLine, kind: OperationKind | None) -> str:
    """How many rows had which outcome: "Refunded 12 · Failed 2"; "" for none."""
    parts = [
        f"{outcome_tag(outcome, kind).word} {number(line.counts[outcome])}"
        for outcome in OUTCOMES
        if line.counts.get(outcome)
    ]
    return " · ".join(parts)


def sums_words(sums_minor: Mapping[str, int]) -> str:
    """Sums per currency: "¥9,900, €12.00"."""
    return ", ".join(money(minor, currency) for currency, minor in sums_minor.items())


def rule_words(code: str | None, why: str | None = None) -> str:
    """What lets a payment in or keeps it out, as a sentence; `why` is a NotOffered of a provider."""
    if code in {Rule.NOT_OFFERED, "not_available"}:
        return why_not(NotOffered(why)) if why in set(NotOffered) else str(RULES[Rule.NOT_OFFERED])
    return str(RULES.get(code or "") or OF_MONEY.get(code or "", UNASKED))


def row_reason(line: RowLine) -> str:
    """Why a row has its outcome, as a sentence; "" where the word says it all."""
    if line.row.result is not None:
        return _result_reason(line.row)
    if line.operation is None or line.outcome not in {RowOutcome.REJECTED, RowOutcome.FAILED, RowOutcome.RETRYING}:
        return ""
    return why_not_done(line.operation)


def _result_reason(row: JobRow) -> str:
    details: Mapping[str, Any] = row.details or {}
    if row.payment_id is None and row.code in set(SyncCode):
        return _methods_words(details) or str(SYNC_RESULTS[SyncCode(row.code)])
    if row.code in {BOOKED, CASES}:
        return _compared_words(details)
    why = details.get("why")
    return rule_words(row.code, str(why) if why else None)


def _methods_words(details: Mapping[str, object]) -> str:
    """What reading an account's methods changed; the counts of a sync."""
    words = {
        "added": _("New: %(count)s."),
        "vanished": _("No longer offered: %(count)s."),
        "returned": _("Offered again: %(count)s."),
    }
    return " ".join(text % {"count": details[key]} for key, text in words.items() if details.get(key))


def _compared_words(details: Mapping[str, Any]) -> str:
    """What comparing a payment with its provider brought."""
    kinds = [case_title(CaseKind(kind)) for kind in details.get("kinds", ())]
    words = [_("A case was opened: %(what)s.", what=", ".join(kinds))] if kinds else []
    if details.get("booked"):
        number_of = int(details["booked"])
        words.append(
            ngettext(
                "%(num)d movement made outside Paydesk was booked.",
                "%(num)d movements made outside Paydesk were booked.",
                number_of,
            )
        )
    return " ".join(words)


def compared_words(result: str | None) -> str:
    """How many payments a run of the comparison has read; "" for other results."""
    count = int(result) if result and result.isdecimal() else 0
    return ngettext("%(num)d payment compared", "%(num)d payments compared", count) if count else ""


def books_words(result: str | None) -> str:
    """What the verifier said; its list of problems has no translation and is shown as it is."""
    return _("The books are whole.") if result == WHOLE else _("The books are not whole. Tell your operator.")
