"""The words of the order page: outcomes, what stands in the way, and the lines of the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from providers.kinds import NotOffered, OperationKind
from webapp.domain.outcomes import OutcomeWord
from webapp.formatting import money
from webapp.formatting.lazy import _l
from webapp.formatting.money_words import provider_name, why_not
from webapp.formatting.words import Tag
from webapp.models import Via
from webapp.services.orders.actions import Hindrance
from webapp.services.orders.timeline import Event

HINDRANCES: Mapping[Hindrance, str] = {
    Hindrance.FROZEN: _l("The payment is frozen until somebody has looked into it."),
    Hindrance.UNDER_WAY: _l("Everything that is left is promised to what is under way."),
}
FROZEN: Mapping[str, str] = {
    "chargeback": _l("The buyer's bank took money back (chargeback). Nothing can be moved until this is cleared up."),
    "difference": _l("Our books and the provider differ. Nothing can be moved until the case is settled."),
    "excess": _l("The provider has moved more than our books allow. Nothing can be moved until this is cleared up."),
}
OUTCOMES: Mapping[tuple[OperationKind, OutcomeWord], Tag] = {
    (OperationKind.CANCEL, OutcomeWord.DONE): Tag(_l("Cancelled"), "green", "check"),
    (OperationKind.CANCEL, OutcomeWord.REJECTED): Tag(_l("Cancellation rejected"), "red", "cross"),
    (OperationKind.CANCEL, OutcomeWord.FAILED): Tag(_l("Cancellation failed"), "red", "warning"),
    (OperationKind.REFUND, OutcomeWord.DONE): Tag(_l("Refunded"), "green", "check"),
    (OperationKind.REFUND, OutcomeWord.REJECTED): Tag(_l("Refund rejected"), "red", "cross"),
    (OperationKind.REFUND, OutcomeWord.FAILED): Tag(_l("Refund failed"), "red", "warning"),
}
VIA: Mapping[Via, str] = {
    Via.WEB: _l("in the browser"),
    Via.API: "API",
    Via.JOB: _l("by a job"),
    Via.SYSTEM: "Paydesk",
}
COLOURS: Mapping[str, str] = {
    "operation.succeeded": "green",
    "operation.rejected": "red",
    "operation.expired": "red",
    "operation.unknown": "violet",
    "operation.review": "amber",
    "payment.frozen": "red",
    "status_action.not_done": "amber",
    "status_action.given_up": "red",
    "operation.pending": "blue",
    "attempt.sent": "blue",
}
OF_OPERATIONS: Mapping[str, str] = {
    "operation.filed": _l("%(wish)s was asked for"),
    "operation.queued": _l("%(wish)s was put back and is tried again"),
    "operation.asked": _l("The provider was asked for the result"),
    "operation.pending": _l("%(wish)s was accepted by the provider"),
    "operation.answered": _l("%(wish)s: the provider said yes, the next reading has to show it"),
    "operation.replanned": _l("%(wish)s: planned anew from the payment as it is at the provider"),
    "operation.unknown": _l("%(wish)s: no clear answer, we do not know yet"),
    "operation.review": _l("%(wish)s needs a decision"),
    "operation.succeeded": _l("%(wish)s was done"),
    "operation.rejected": _l("%(wish)s was not done"),
    "operation.withdrawn": _l("%(wish)s was stopped before it was sent"),
    "operation.expired": _l("%(wish)s lapsed before it could be sent"),
    "operation.proposed": _l("A decision was proposed"),
    "operation.settled": _l("A decision was made"),
    "attempt.sent": _l("%(wish)s was sent to %(provider)s"),
    "payment.added": _l("The payment was taken into Paydesk"),
    "order.first_status": _l("The order came in as “%(to)s”"),
    "order.imported": _l("Changed by an import"),
    "order.brought_in": _l("The order was brought in"),
    "order.brought_up_to_date": _l("The order was brought up to date"),
    "order.status_changed": _l("Status changed from “%(from)s” to “%(to)s”"),
    "payment.frozen": _l("The payment was frozen"),
    "payment.as_wished": _l("The payment was already as asked for, so nothing was sent"),
    "status_action.not_done": _l("What the status sets going could not be carried out yet"),
    "status_action.given_up": _l("What the status sets going was not carried out"),
    "payment.thawed": _l("The payment can be used again"),
    "movement.authorise": _l("%(provider)s reserved %(amount)s"),
    "movement.capture": _l("%(provider)s captured %(amount)s"),
    "movement.cancel": _l("%(amount)s was released at %(provider)s, outside Paydesk"),
    "movement.refund": _l("%(amount)s was refunded at %(provider)s, outside Paydesk"),
    "movement.refund_reversed": _l("A refund of %(amount)s came back at %(provider)s"),
}


def hindrance_words(reason: NotOffered | Hindrance | None) -> str:
    """Why an action is not possible now, as a sentence."""
    return str(HINDRANCES[reason]) if isinstance(reason, Hindrance) else why_not(reason)


def frozen_words(reason: str | None) -> str:
    """Why a payment is frozen, as a sentence."""
    return str(FROZEN.get(reason or "", HINDRANCES[Hindrance.FROZEN]))


def wish_words(kind: OperationKind, minor: int, currency: str) -> str:
    """An operation in three words, to begin a sentence with: “Refund of ¥1,000”."""
    amount = money(minor, currency)
    if kind is OperationKind.REFUND:
        return _("Refund of %(amount)s", amount=amount)
    if kind is OperationKind.CANCEL:
        return _("Release of %(amount)s", amount=amount)
    if kind is OperationKind.UPDATE:
        return _("Amount change of %(amount)s", amount=amount)
    return _("Capture of %(amount)s", amount=amount)


def event_words(event: Event) -> str:
    """What happened, as a sentence without its end; an action that this page does not know keeps its name."""
    known = OF_OPERATIONS.get(event.what)
    return str(known) % _values(event.facts) if known else event.what.replace(".", ": ").replace("_", " ")


def event_who(event: Event) -> str:
    """Who or what did it."""
    if event.what.startswith("movement."):
        return provider_name(str(event.facts.get("provider", "")))
    way = str(VIA[event.via])
    return f"{event.who} ({way})" if event.who and event.via is not Via.WEB else event.who or way


def event_colour(event: Event) -> str:
    """The colour of its dot."""
    return COLOURS.get(event.what, "neutral")


def _values(facts: Mapping[str, Any]) -> dict[str, str]:
    minor, currency = facts.get("amount_minor"), facts.get("currency")
    amount = money(int(minor), str(currency)) if minor is not None and currency else ""
    kind = facts.get("kind")
    wish = wish_words(OperationKind(kind), int(minor), str(currency)) if kind and amount and minor is not None else ""
    provider = provider_name(str(facts.get("provider", "")))
    names = {"from": str(facts.get("from", "")), "to": str(facts.get("to", ""))}
    return {"amount": amount, "wish": wish, "provider": provider} | names
