"""What the result page of an operation says: one title and one sentence per stage, and the text for the customer."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import force_locale
from flask_babel import gettext as _

from providers.kinds import NotOffered, OperationKind
from webapp.formatting import day, money
from webapp.formatting.money_words import BY_BANK, method_name, provider_name, why_blocked, why_not_done
from webapp.services.operations.showing import OperationFacts, Stage

SOON_S, LATER_S = 2, 10


def title(facts: OperationFacts) -> str:
    """The heading: what happens, or happened, to which amount."""
    values = {"amount": money(facts.operation.amount_minor, facts.operation.currency)}
    titles = _refund_titles(values) if facts.operation.kind is OperationKind.REFUND else _other_titles(facts, values)
    return titles[facts.stage]


def _refund_titles(values: dict[str, str]) -> dict[Stage, str]:
    return {
        Stage.PLANNED: _("Refund of %(amount)s is planned", **values),
        Stage.SENT: _("Refund of %(amount)s is on its way", **values),
        Stage.DONE: _("%(amount)s is refunded", **values),
        Stage.NOT_DONE: _("%(amount)s was not refunded", **values),
        Stage.WITHDRAWN: _("Refund of %(amount)s was stopped", **values),
        Stage.UNKNOWN: _("We do not know yet whether %(amount)s was refunded", **values),
    }


def _other_titles(facts: OperationFacts, values: dict[str, str]) -> dict[Stage, str]:
    if facts.operation.kind is OperationKind.CAPTURE:
        return {
            Stage.PLANNED: _("Capture of %(amount)s is planned", **values),
            Stage.SENT: _("Capture of %(amount)s is on its way", **values),
            Stage.DONE: _("%(amount)s is captured", **values),
            Stage.NOT_DONE: _("%(amount)s was not captured", **values),
            Stage.WITHDRAWN: _("Capture of %(amount)s was stopped", **values),
            Stage.UNKNOWN: _("We do not know yet whether %(amount)s was captured", **values),
        }
    if facts.operation.kind is OperationKind.UPDATE:
        return _update_titles(values)
    return {
        Stage.PLANNED: _("Release of %(amount)s is planned", **values),
        Stage.SENT: _("Release of %(amount)s is on its way", **values),
        Stage.DONE: _("%(amount)s is released", **values),
        Stage.NOT_DONE: _("%(amount)s was not released", **values),
        Stage.WITHDRAWN: _("Release of %(amount)s was stopped", **values),
        Stage.UNKNOWN: _("We do not know yet whether %(amount)s was released", **values),
    }


def _update_titles(values: dict[str, str]) -> dict[Stage, str]:
    return {
        Stage.PLANNED: _("Amount change of %(amount)s is planned", **values),
        Stage.SENT: _("Amount change of %(amount)s is on its way", **values),
        Stage.DONE: _("The amount is changed by %(amount)s", **values),
        Stage.NOT_DONE: _("The amount was not changed by %(amount)s", **values),
        Stage.WITHDRAWN: _("Amount change of %(amount)s was stopped", **values),
        Stage.UNKNOWN: _("We do not know yet whether the amount was changed by %(amount)s", **values),
    }


def lead(facts: OperationFacts) -> str:
    """One or two sentences under the heading: what is true now, and what happens next."""
    provider = provider_name(facts.account.provider)
    leads: dict[Stage, Callable[[], str]] = {
        Stage.DONE: lambda: _done(facts, provider),
        Stage.NOT_DONE: lambda: why_not_done(facts.operation),
        Stage.WITHDRAWN: lambda: _("Nothing was sent to %(provider)s. The amount is free again.", provider=provider),
        Stage.UNKNOWN: lambda: _unknown(facts, provider),
        Stage.PLANNED: lambda: _planned(facts, provider),
        Stage.SENT: lambda: _sent(facts, provider),
    }
    return leads[facts.stage]()


def _done(facts: OperationFacts, provider: str) -> str:
    if not facts.attempts and facts.operation.provider_code in set(NotOffered):
        return _("Nothing had to be sent to %(provider)s: the payment was already as it was wished.", provider=provider)
    return _("%(provider)s has carried it out and our books show it.", provider=provider)


def _planned(facts: OperationFacts, provider: str) -> str:
    if facts.was_put_back:
        return why_not_done(facts.operation) + " " + _("Nothing has been sent yet. It is tried again by itself.")
    return _("Nothing has been sent to %(provider)s yet. The amount is reserved.", provider=provider)


def _sent(facts: OperationFacts, provider: str) -> str:
    if blocked := why_blocked(facts.operation):
        return blocked
    if facts.said_yes:
        return _("%(provider)s said yes. We call it done when the payment shows it there.", provider=provider)
    if not facts.is_pending:
        return _("It is being sent to %(provider)s. This takes a few seconds.", provider=provider)
    if facts.payment.method in BY_BANK:
        return _(
            "%(provider)s has accepted it. A person there sends the transfer, usually within 1 to 2 business days."
            " It can still be refused.",
            provider=provider,
        )
    return _("%(provider)s has accepted it and works on it.", provider=provider)


def _unknown(facts: OperationFacts, provider: str) -> str:
    if facts.is_review:
        return _(
            "We asked %(provider)s and got no clear picture. The amount stays reserved until two people have looked"
            " at the provider's own pages and decided.",
            provider=provider,
        )
    return _(
        "We sent it to %(provider)s and got no clear answer. The amount stays reserved, so nothing can be paid twice."
        " We keep asking by ourselves.",
        provider=provider,
    )


def when_seen(facts: OperationFacts) -> str:
    """When the customer sees the money (KOMOJU page, section 6); "" where nothing is given back."""
    if facts.operation.kind is not OperationKind.REFUND:
        return ""
    if facts.payment.method in BY_BANK:
        return _("On the bank account within 1 to 2 business days")
    if facts.payment.method == "credit_card":
        return _("On the card statement within 5 to 10 days, sometimes only after two months")
    return _("Usually within hours")


def customer_text(facts: OperationFacts) -> tuple[str, str]:
    """A text for the customer in the order's language, and that language."""
    language = facts.order.language or facts.shop.language
    with force_locale(language):
        values = {
            "amount": money(facts.operation.amount_minor, facts.operation.currency),
            "order": facts.order.number,
            "method": method_name(facts.payment.method),
            "date": day(facts.operation.ended_at or facts.now),
            "seen": when_seen(facts),
        }
        if facts.operation.kind is OperationKind.REFUND:
            text = _("We refunded %(amount)s for your order %(order)s by %(method)s on %(date)s. %(seen)s.", **values)
        elif facts.operation.kind is OperationKind.UPDATE:
            text = _("We changed the amount of your order %(order)s on %(date)s.", **values)
        elif facts.operation.kind is OperationKind.CAPTURE:
            text = _("We charged %(amount)s for your order %(order)s on %(date)s.", **values)
        else:
            text = _("We released %(amount)s for your order %(order)s on %(date)s. It is not charged.", **values)
    return text, language


def refresh_s(facts: OperationFacts) -> int:
    """After how many seconds the page looks again by itself; 0: it does not."""
    if facts.is_over:
        return 0
    waits_for_others = facts.stage is Stage.UNKNOWN or facts.is_pending or facts.was_put_back
    return LATER_S if waits_for_others or why_blocked(facts.operation) else SOON_S
