"""What is said of a wish: its name, what it would do to a payment, and the heading and lead of its result."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from providers.kinds import OperationKind
from providers.planning import Step, WishKind
from webapp.domain.operations import TERMINAL
from webapp.formatting import money, results
from webapp.services.operations.showing import Stage, WishStanding


def wish_title(kind: WishKind, minor: int, currency: str) -> str:
    """A wish in a few words, to begin a sentence with; it may have several steps."""
    amount = money(minor, currency)
    names = {
        WishKind.CAPTURE: _("Capture of %(amount)s", amount=amount),
        WishKind.CANCEL: _("Release of %(amount)s", amount=amount),
        WishKind.REFUND: _("Refund of %(amount)s", amount=amount),
        WishKind.UPDATE: _("Amount change of %(amount)s", amount=amount),
        WishKind.CANCEL_OR_REFUND: _("Cancel or refund of %(amount)s", amount=amount),
    }
    return str(names[kind])


def step_words(step: Step, currency: str) -> str:
    """What one planned step will do, as a sentence."""
    amount = money(step.amount_minor, currency)
    if step.kind is OperationKind.REFUND and step.against is not None:
        return _("Refund %(amount)s of the delivery %(id)s", amount=amount, id=step.against)
    words = {
        OperationKind.CAPTURE: _("Capture %(amount)s", amount=amount),
        OperationKind.CANCEL: _("Release %(amount)s", amount=amount),
        OperationKind.REFUND: _("Refund %(amount)s", amount=amount),
        OperationKind.UPDATE: _("Change the amount by %(amount)s", amount=amount),
    }
    return str(words[step.kind])


def why_these(steps: Sequence[Step]) -> str:
    """Why cancel or refund comes to these steps."""
    kinds = {step.kind for step in steps}
    if kinds == {OperationKind.CANCEL}:
        return _("Nothing was captured yet, so the payment is cancelled: the buyer has all of it again.")
    if kinds == {OperationKind.REFUND}:
        return _("The money was captured, so it is given back by a refund.")
    return _("A part was captured: what is still reserved is released first, then the captured part is refunded.")


def result_title(wish: WishStanding) -> str:
    """The heading of the result page: never more done than its least finished part."""
    name = wish_title(wish.kind, wish.amount_minor, wish.steps[0].operation.currency)
    if wish.is_mixed:
        return _("%(wish)s: only a part was done", wish=name)
    titles = {
        Stage.PLANNED: _("%(wish)s is planned", wish=name),
        Stage.SENT: _("%(wish)s is on its way", wish=name),
        Stage.DONE: _("%(wish)s is done", wish=name),
        Stage.NOT_DONE: _("%(wish)s was not done", wish=name),
        Stage.WITHDRAWN: _("%(wish)s was stopped", wish=name),
        Stage.UNKNOWN: _("%(wish)s: we do not know yet", wish=name),
    }
    return str(titles[wish.leading.stage])


def result_lead(wish: WishStanding) -> str:
    """One or two sentences under the heading."""
    done = sum(step.operation.state in TERMINAL for step in wish.steps)
    how_far = _("%(done)s of %(all)s steps are at their end.", done=done, all=len(wish.steps))
    if wish.is_mixed:
        return _("Look at each step. What was not done can be asked for again on the order; what was done stays done.")
    return f"{how_far} {results.lead(wish.leading)}"
