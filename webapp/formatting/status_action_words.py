"""The words of status actions: what a status sets going, what an order follows, and how what was fired stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from webapp.domain.status_actions import FiringState, FollowedState, StatusAct
from webapp.formatting.job_words import rule_words
from webapp.formatting.lazy import _l
from webapp.formatting.money_words import provider_name
from webapp.formatting.order_words import wish_words
from webapp.models import FiredAction, StatusKind
from webapp.models.status_action import EVERY_PROVIDER
from webapp.services.status_actions.foreseeing import Foreseen

ACTS: Mapping[StatusAct, str] = {
    StatusAct.NOTHING: _l("Nothing"),
    StatusAct.CAPTURE: _l("Capture"),
    StatusAct.CANCEL_OR_REFUND: _l("Cancel or refund"),
    StatusAct.UPDATE: _l("Change the amount to the order's total"),
}
EVENTS: Mapping[FollowedState, str] = {
    FollowedState.CAPTURED: _l("Captured, while the order is new"),
    FollowedState.CANCELLED: _l("Cancelled"),
    FollowedState.EXPIRED: _l("Expired"),
    FollowedState.FAILED: _l("Failed"),
    FollowedState.REFUNDED: _l("Refunded"),
}
KINDS: Mapping[StatusKind, str] = {
    StatusKind.NEW: _l("New"),
    StatusKind.PAID: _l("Paid"),
    StatusKind.SHIPPED: _l("Shipped"),
    StatusKind.COMPLETED: _l("Completed"),
    StatusKind.CANCELLED: _l("Cancelled"),
}


def provider_words(provider: str) -> str:
    """A column of the table."""
    return _("Every provider") if provider == EVERY_PROVIDER else provider_name(provider)


def changes_words(details: Mapping[str, Any]) -> list[str]:
    """The lines of one change of the tables, as the audit keeps it: status, provider, before and after."""
    lines = [
        _(
            "%(status)s, %(provider)s: %(before)s → %(after)s",
            status=each["status"],
            provider=provider_words(each["provider"]),
            before=_act(each["from"], each["provider"]),
            after=_act(each["to"], each["provider"]),
        )
        for each in details["acts"]
    ]
    keep = _("keep the status")
    return lines + [
        _(
            "Payment %(state)s: %(before)s → %(after)s",
            state=str(EVENTS[FollowedState(each["event"])]).lower(),
            before=each["from"] or keep,
            after=each["to"] or keep,
        )
        for each in details["follows"]
    ]


def _act(word: str | None, provider: str) -> str:
    if word is None:
        return str(ACTS[StatusAct.NOTHING]) if provider == EVERY_PROVIDER else _("as for every provider")
    return str(ACTS[StatusAct(word)])


def outcome_words(each: Foreseen) -> str:
    """What would become of a payment, as a sentence."""
    if each.act is StatusAct.NOTHING:
        return _("The table says nothing for this status and provider, so nothing happens.")
    if each.steps:
        steps = [wish_words(step.kind, step.amount_minor, each.payment.currency) for step in each.steps]
        return _("%(steps)s would be asked for.", steps=joined(steps))
    if each.code is None:
        return rule_words(FiringState.AS_WISHED)
    if each.fired is not None and each.fired.state is FiringState.FILED:
        return _("Its operations were made and go on by themselves.")
    return rule_words(each.code, each.why)


def joined(parts: Sequence[str]) -> str:
    """One after the other: “Release of ¥300, then Refund of ¥700”."""
    return _(", then ").join(parts)


def fired_words(fired: FiredAction) -> tuple[str, str]:
    """How an action stands that was not carried out: title and reason."""
    if fired.state is FiringState.WAITING:
        return _("A status action waits for a payment"), _("It is carried out when the order has one.")
    act = str(ACTS[fired.act or StatusAct.NOTHING])
    if fired.state is FiringState.DUE and not fired.tries:
        return _("Status action: %(act)s", act=act), _("It will be carried out by the job for status actions.")
    return _("Status action not carried out: %(act)s", act=act), rule_words(fired.code, fired.why)
