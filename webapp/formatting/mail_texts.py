"""The words of mails, in the language that the facts name, outside of any request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from babel.dates import format_datetime
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from providers.kinds import OperationKind
from webapp.domain.outcomes import OutcomeWord
from webapp.formatting import LANGUAGES, date_locale, money, zone_named
from webapp.formatting.alert_texts import ALERTS
from webapp.formatting.job_words import job_title
from webapp.formatting.lazy import _l
from webapp.formatting.money_words import NOT_DONE
from webapp.formatting.order_words import OUTCOMES
from webapp.models import Mode
from webapp.services.mails.addresses import one_line
from webapp.services.mails.letters import AlertFacts, FailureLine, Failures, OverdueJob, Text

ENGLISH = "en"
LONGEST_SUBJECT = 200
LONGEST_CODE = 80
OTHERS: Mapping[tuple[OperationKind, OutcomeWord], str] = {
    (OperationKind.CAPTURE, OutcomeWord.REJECTED): _l("Capture rejected"),
    (OperationKind.CAPTURE, OutcomeWord.FAILED): _l("Capture failed"),
    (OperationKind.UPDATE, OutcomeWord.REJECTED): _l("Amount change rejected"),
    (OperationKind.UPDATE, OutcomeWord.FAILED): _l("Amount change failed"),
}


class Writer:
    """Writes in the four languages of the desk; in English for any other."""

    def failures(self, facts: Failures) -> Text:
        """The mail about operations that were not done."""
        with force_locale(_known(facts.language)):
            subject = _test_mark(facts.mode) + _failures_subject(facts)
            parts = [_failures_lead(facts), *(_failure(line) for line in facts.lines)]
            rest = facts.count - len(facts.lines)
            if rest > 0:
                words = ngettext("%(num)d more stands here:", "%(num)d more stand here:", rest)
                parts.append(f"{words}\n{facts.rest_link}")
            parts.append(_addressees(of_shop=True))
            return Text(_short(subject), "\n\n".join(parts) + "\n")

    def job_overdue(self, facts: OverdueJob) -> Text:
        """The mail about a job that hangs."""
        with force_locale(_known(facts.language)):
            values = {"shop": facts.shop_name or "Paydesk", "job": job_title(facts.job)}
            since = _moment(facts.since, facts.time_zone)
            lead = _(
                "The job “%(job)s” of %(shop)s is under way since %(since)s and has not finished within twice its"
                " interval.",
                since=since,
                **values,
            )
            advice = _("Orders may wait for it. Look at the job, and tell your operator if it does not go on:")
            subject = _("%(shop)s: the job “%(job)s” has not finished", **values)
            return Text(_short(subject), f"{lead}\n\n{advice}\n{facts.link}\n")

    def alert(self, facts: AlertFacts) -> Text:
        """The mail about something that is wrong, once for as long as it is."""
        with force_locale(_known(facts.language)):
            words, mode = ALERTS[facts.kind], facts.mode or Mode.LIVE
            values = {
                "shop": one_line(facts.shop_name or "Paydesk"),
                "since": _moment(facts.since, facts.time_zone),
            }
            parts = [
                *_about_test(mode),
                str(words.lead) % values,
                f"{words.advice}\n{facts.link}",
                _("No further mail comes about this until it is over."),
                _addressees(of_shop=facts.shop_name is not None),
            ]
            return Text(_short(_test_mark(mode) + str(words.subject) % values), "\n\n".join(parts) + "\n")


def _known(language: str) -> str:
    return language if language in LANGUAGES else ENGLISH


def _short(subject: str) -> str:
    return one_line(subject)[:LONGEST_SUBJECT]


def _test_mark(mode: Mode) -> str:
    return _("[Test]") + " " if mode is Mode.TEST else ""


def _about_test(mode: Mode) -> list[str]:
    return [_("This is about test mode: no real money is meant.")] if mode is Mode.TEST else []


def _moment(at: datetime, time_zone: str) -> str:
    return format_datetime(at, "d MMM y HH:mm z", tzinfo=zone_named(time_zone), locale=date_locale())


def _addressees(*, of_shop: bool) -> str:
    if of_shop:
        return str(_("Paydesk sent this mail to the addresses for failure mail of the shop."))
    return str(_("Paydesk sent this mail to its owners."))


def _failures_subject(facts: Failures) -> str:
    shop, count = facts.shop_name, facts.count
    kinds = {line.kind for line in facts.lines}
    if kinds == {OperationKind.REFUND}:
        return str(
            ngettext(
                "%(shop)s: %(num)d refund was not done", "%(shop)s: %(num)d refunds were not done", count, shop=shop
            )
        )
    if kinds == {OperationKind.CANCEL}:
        return str(
            ngettext(
                "%(shop)s: %(num)d cancellation was not done",
                "%(shop)s: %(num)d cancellations were not done",
                count,
                shop=shop,
            )
        )
    if kinds <= {OperationKind.REFUND, OperationKind.CANCEL}:
        return str(_("%(shop)s: %(num)d refunds and cancellations were not done", shop=shop, num=count))
    return str(
        ngettext("%(shop)s: %(num)d request was not done", "%(shop)s: %(num)d requests were not done", count, shop=shop)
    )


def _failures_lead(facts: Failures) -> str:
    lead = _(
        "What follows was not done for %(shop)s and is not tried again by itself. No money moved. Look at each order"
        " and decide what to do.",
        shop=one_line(facts.shop_name),
    )
    return "\n\n".join([*_about_test(facts.mode), lead])


def _failure(line: FailureLine) -> str:
    head = " | ".join((one_line(line.order_number), _outcome(line), money(line.amount_minor, line.currency)))
    return f"{head}\n{_reason(line.code)}\n{line.link}"


def _outcome(line: FailureLine) -> str:
    known = OUTCOMES.get((line.kind, line.word))
    return str(known.word if known else OTHERS[line.kind, line.word])


def _reason(code: str | None) -> str:
    known = NOT_DONE.get(code or "")
    if known:
        return str(known)
    shown = one_line(code or "")[:LONGEST_CODE] or "–"
    return _("The provider gave a reason that we have no words for: %(code)s", code=shown)
