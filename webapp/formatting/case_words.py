"""A case in plain words: what does not add up, what both sides say, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from providers.kinds import MovementKind
from webapp.domain.cases import DIFFERENCES, OF_READS, CaseKind, CaseState
from webapp.formatting import money, when
from webapp.formatting.lazy import _l
from webapp.formatting.money_words import provider_name
from webapp.formatting.words import Tag
from webapp.services.cases.asking import Answer
from webapp.services.cases.listing import CaseLine
from webapp.services.cases.reading import Unread

STATES: Mapping[CaseState, Tag] = {
    CaseState.OPEN: Tag(_l("Open"), "red", "warning"),
    CaseState.SET_ASIDE: Tag(_l("Accepted as it is"), "neutral", "minus"),
    CaseState.CLOSED: Tag(_l("Settled"), "green", "check"),
}
TITLES: Mapping[CaseKind, str] = {
    CaseKind.OURS_MISSING: _l("The provider does not show what Paydesk did"),
    CaseKind.MOVEMENT_MISSING: _l("Something that the provider showed is gone"),
    CaseKind.AMOUNT_DIFFERS: _l("The sums differ"),
    CaseKind.CURRENCY_DIFFERS: _l("The currencies differ"),
    CaseKind.PAYMENT_GONE: _l("The provider does not know the payment"),
    CaseKind.EXCESS: _l("More was moved than there is"),
    CaseKind.CHARGEBACK: _l("The buyer's bank took money back"),
    CaseKind.HOLD_LAPSED: _l("The reservation ended before it was captured"),
    CaseKind.ORDER_TOTAL: _l("Paid more than the order comes to"),
}
WHAT: Mapping[CaseKind, str] = {
    CaseKind.OURS_MISSING: _l(
        "Our books say that this was done, and %(provider)s does not show it. Two readings say so."
    ),
    CaseKind.MOVEMENT_MISSING: _l(
        "%(provider)s showed this once, made outside Paydesk, and does not show it any more."
    ),
    CaseKind.AMOUNT_DIFFERS: _l("Our books and %(provider)s name different sums, and no single movement explains it."),
    CaseKind.CURRENCY_DIFFERS: _l(
        "Our books keep this payment in %(ours)s, and %(provider)s shows %(theirs)s. Nothing of that was booked."
    ),
    CaseKind.PAYMENT_GONE: _l("%(provider)s answers that it knows no payment of this reference under this account."),
    CaseKind.EXCESS: _l("%(provider)s has moved %(amount)s more than our books allow."),
    CaseKind.CHARGEBACK: _l("%(amount)s went back to the buyer through the bank, without anybody here asking for it."),
    CaseKind.HOLD_LAPSED: _l("%(amount)s was reserved for this order and not captured before the reservation ended."),
    CaseKind.ORDER_TOTAL: _l("The payments of this order come to %(paid)s, and the order to %(total)s."),
}
NEXT: Mapping[CaseKind, Sequence[str]] = {
    CaseKind.OURS_MISSING: (
        _l("Open the payment on the provider's own pages and look for the movement that is named below."),
        _l("If it is there, compare again: the provider's reading was an old one."),
        _l("If it is not, ask the provider what became of it. Then do it anew, or set the case aside with a note."),
    ),
    CaseKind.MOVEMENT_MISSING: (
        _l("Ask whoever works at the provider's pages whether it was taken back there."),
        _l("If so, set the case aside with a note. Otherwise ask the provider."),
    ),
    CaseKind.AMOUNT_DIFFERS: (
        _l("Compare the sums below with the provider's own pages."),
        _l("Ask the provider if its pages show what stands here as theirs. Set the case aside once you know why."),
    ),
    CaseKind.CURRENCY_DIFFERS: (
        _l("Look at the payment on the provider's own pages. It may belong to another order or account."),
        _l("Ask your operator before anybody moves this money."),
    ),
    CaseKind.PAYMENT_GONE: (
        _l("Check that the account's keys are those with which the payment was made."),
        _l("Look for the reference on the provider's own pages, and ask the provider if it is missing there too."),
    ),
    CaseKind.EXCESS: (
        _l("Find out on the provider's own pages who moved the money there, and why."),
        _l("What went out too much can only come back from the buyer or the provider. The payment stays frozen."),
    ),
    CaseKind.CHARGEBACK: (
        _l("Answer the dispute on the provider's own pages before its date, if you want to contest it."),
        _l("When it is decided, set the case aside. The payment can then be used again."),
    ),
    CaseKind.HOLD_LAPSED: (
        _l("If the order was not sent, ask the buyer to pay again, or cancel the order."),
        _l("If it was sent, capture at once if the provider still allows it, else ask the buyer to pay."),
    ),
    CaseKind.ORDER_TOTAL: (
        _l("If the buyer paid twice, refund the later payment."),
        _l("If the order became smaller, change the amount or refund the difference."),
    ),
}
UNREAD: Mapping[str, str] = {
    Unread.CREDENTIALS: _l("The provider refused the account's keys."),
    Unread.UNREADABLE_KEYS: _l("The account's keys cannot be read. Enter them again."),
    Unread.UNREACHABLE: _l("The provider could not be reached. The next run tries again."),
    Unread.UNCLEAR: _l("The provider gave no clear answer. The next run tries again."),
    Unread.BREAKER_OPEN: _l("Sending through the account is stopped, so the provider was not asked."),
    Unread.PROVIDER_DOWN: _l("The provider did not answer for other payments, so it was not asked any more."),
}
FIGURES: Mapping[str, str] = {
    "captured": _l("Captured"),
    "refunded": _l("Refunded"),
    "held": _l("Reserved and not captured"),
}
MISSING: Mapping[str, str] = {
    MovementKind.CAPTURE: _l("Capture of %(amount)s"),
    MovementKind.REFUND: _l("Refund of %(amount)s"),
    MovementKind.CANCEL: _l("Release of %(amount)s"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One sum as both sides name it."""

    name: str
    ours: str
    theirs: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """A movement that only our books have; `operation_id` leads to what we did, "" for one made elsewhere."""

    words: str
    reference: str
    operation_id: str


def case_title(kind: CaseKind) -> str:
    """What does not add up, in a few words."""
    return str(TITLES[kind])


def case_sentence(line: CaseLine) -> str:
    """What does not add up, as a sentence."""
    facts, currency = line.case.facts, line.payment.currency
    sums = {name: money(int(facts[name]), currency) for name in ("paid", "total") if name in facts}
    named = {name: facts[name] for name in ("ours", "theirs") if isinstance(facts.get(name), str)}
    amount = money(int(facts["minor"]), currency) if "minor" in facts else ""
    provider = provider_name(line.account.provider)
    words = str(WHAT[line.case.kind]) % {"provider": provider, "amount": amount, **sums, **named}
    at = facts.get("at")
    return words + (" " + _("It ended %(time)s.", time=when(datetime.fromisoformat(at))) if at else "")


def next_steps(kind: CaseKind) -> list[str]:
    """What to do, in order."""
    return [str(step) for step in NEXT[kind]]


def sides(line: CaseLine) -> list[Side]:
    """The sums of both sides, where the case is about sums."""
    if line.case.kind not in DIFFERENCES:
        return []
    facts, currency = line.case.facts, line.case.facts["currency"]
    ours, theirs = facts["ours"], facts["theirs"]
    return [
        Side(str(name), money(ours[key], currency), money(theirs[key], currency), ours[key] != theirs[key])
        for key, name in FIGURES.items()
    ]


def missing(line: CaseLine) -> list[Missing]:
    """The movements that the provider does not show."""
    facts: Mapping[str, Any] = line.case.facts
    return [
        Missing(
            str(MISSING[each["kind"]]) % {"amount": money(each["minor"], facts["currency"])},
            each["id"],
            each["operation"] or "",
        )
        for each in facts.get("missing", [])
    ]


def freezes(kind: CaseKind) -> bool:
    """Whether the payment is frozen while the case is open, and goes on once it is set aside."""
    return kind in OF_READS or kind is CaseKind.CHARGEBACK


def compared_words(answer: Answer) -> str:
    """What came of a comparison that a person asked for."""
    return str(UNREAD[answer.unread[0]]) if answer.unread else _("Read and compared just now.")
