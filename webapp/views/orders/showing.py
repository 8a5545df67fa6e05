"""The page of one order."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from providers.kinds import MovementKind, OperationKind
from providers.planning import WishKind
from webapp.domain.payment_state import lapses_soon
from webapp.domain.permissions import Permission
from webapp.domain.status_actions import FiringState
from webapp.domain.wishes import state_of_wish
from webapp.extensions import db
from webapp.formatting import day, money, order_words, when
from webapp.formatting.money_words import (
    KINDS,
    method_name,
    provider_name,
    why_blocked,
    why_not_done,
)
from webapp.formatting.status_action_words import fired_words
from webapp.formatting.wish_words import wish_title
from webapp.formatting.words import reason_name
from webapp.forms.orders import NoteForm, StatusForm
from webapp.htmx import page
from webapp.models import FiredAction, LedgerMovement, StatusKind
from webapp.security import current, requires, visible_shops
from webapp.services.orders.actions import Action, ShownPayment
from webapp.services.orders.page import OperationLine, OrderFacts, get_order
from webapp.services.sessions import SignedIn
from webapp.views.orders import bp

SOON_S, LATER_S = 3, 30
K, M, P = OperationKind, MovementKind, Permission


@bp.get("/<uuid:order_id>")
@requires(Permission.VIEW)
def show(order_id: uuid.UUID) -> ResponseReturnValue:
    """One order; its money and operations refresh themselves while something is under way."""
    return order_page(get_order(db.session(), order_id, visible_shops()), NoteForm(formdata=None))


def order_page(facts: OrderFacts, form: NoteForm, status: int = 200, status_form: StatusForm | None = None) -> Response:
    """The page, or for htmx the block that moves."""
    person = current()
    return page(
        "orders/show.html",
        block="moving",
        status=status,
        facts=facts,
        order=facts.order,
        payments=[_payment(shown, person, person.read_at) for shown in facts.payments],
        operations=[_operation(line, person) for line in facts.operations],
        outcomes=_outcomes(facts),
        fired=[_fired(each, person) for each in facts.fired],
        events=[_event(event) for event in facts.events],
        under_way=_under_way(facts),
        refresh_s=(SOON_S if facts.moves_soon else LATER_S) if facts.under_way else 0,
        form=form,
        status_form=_status_form(facts, status_form, person),
        undoing=_undoing(facts),
        may_note=person.may(P.WRITE_NOTE, facts.order.shop_id),
        is_other_mode=facts.order.mode != person.mode,
    )


def _status_form(facts: OrderFacts, sent: StatusForm | None, person: SignedIn) -> StatusForm | None:
    if not person.may(P.SET_STATUS, facts.order.shop_id):
        return None
    form = sent or StatusForm(formdata=None, status=str(facts.order.status_id))
    form.offer(facts.statuses)
    return form


def _undoing(facts: OrderFacts) -> str:
    """What a cancelled status sets going, and when; said before the button is pressed."""
    names = ", ".join(f"“{each.name}”" for each in facts.statuses if each.kind is StatusKind.CANCELLED)
    if not names:
        return ""
    text = _("%(names)s lets the cancel and refund jobs release or give back this order's money.", names=names)
    if facts.next_undoing_at is None:
        return str(text)
    return f"{text} " + str(_("Their next run: %(moment)s.", moment=when(facts.next_undoing_at).striptags()))


def _payment(shown: ShownPayment, person: SignedIn, now: datetime) -> dict[str, Any]:
    payment = shown.payment
    actions = [_action(action, shown, person) for action in shown.actions]
    return {
        "row": payment,
        "sums": shown.sums,
        "state": shown.state,
        "method": method_name(payment.method),
        "provider": provider_name(shown.account.provider),
        "account": shown.account.name,
        "page": shown.provider_page,
        "frozen": order_words.frozen_words(payment.frozen_reason) if payment.frozen_at else "",
        "lapses_soon": lapses_soon(shown.sums, payment.hold_expires_at, now),
        "parts": _parts(shown),
        "possible": [action for action in actions if action["href"]],
        "not_possible": [action for action in actions if not action["href"]],
    }


def _action(action: Action, shown: ShownPayment, person: SignedIn) -> dict[str, str]:
    payment = shown.payment
    amount = money(action.available_minor, payment.currency)
    name, endpoint, button, text, rights = _page_of(
        action.kind, amount, is_rest=action.possible and shown.sums.captured > 0
    )
    if not action.possible:
        return {"name": name, "href": "", "why": order_words.hindrance_words(action.why_not)}
    return {
        "name": name,
        "href": url_for(endpoint, payment_id=payment.id),
        "button": button,
        "text": text,
        "why": ""
        if all(person.may(right, payment.shop_id) for right in rights)
        else _("You lack the right; the page names who can help."),
    }


def _page_of(kind: WishKind, amount: str, *, is_rest: bool) -> tuple[str, str, str, str, tuple[Permission, ...]]:
    """The name of an action, its page, how its button looks and reads, and the rights that it needs.

    `is_rest`: something was captured already, so that only the rest of the hold can be released.
    """
    if kind is WishKind.CAPTURE:
        return _("Capturing"), "captures.create", "primary", _("Capture up to %(amount)s", amount=amount), (P.CAPTURE,)
    if kind is WishKind.UPDATE:
        text = _("Change the amount of %(amount)s", amount=amount)
        return _("Changing the amount"), "amounts.create", "secondary", text, (P.CAPTURE,)
    if kind is WishKind.CANCEL:
        if is_rest:
            text = _("Release the rest, %(amount)s", amount=amount)
            return _("Releasing the rest"), "cancellations.create", "secondary", text, (P.CANCEL,)
        text = _("Cancel and release %(amount)s", amount=amount)
        return _("Cancelling"), "cancellations.create", "secondary", text, (P.CANCEL,)
    if kind is WishKind.REFUND:
        return _("Refunding"), "refunds.create", "primary", _("Refund up to %(amount)s", amount=amount), (P.REFUND,)
    text = _("Cancel or refund %(amount)s", amount=amount)
    return _("Cancelling or refunding"), "cancel_or_refund.create", "secondary", text, (P.CANCEL, P.REFUND)


def _parts(shown: ShownPayment) -> list[dict[str, Any]]:
    sums = shown.sums
    kept = max(0, sums.captured - sums.refunded - sums.refund_reserved)
    free = sums.can_be_captured_or_released
    told = {kind: [_moved(m) for m in shown.movements if m.kind is kind] for kind in (M.CAPTURE, M.CANCEL, M.REFUND)}
    parts = [
        {"kind": "refunded", "label": _("Refunded"), "minor": sums.refunded, "details": told[M.REFUND]},
        {"kind": "under_way", "label": _("Under way"), "minor": sums.under_way, "details": []},
        {"kind": "captured", "label": _("Captured and kept"), "minor": kept, "details": told[M.CAPTURE]},
        {"kind": "cancelled", "label": _("Cancelled"), "minor": sums.cancelled, "details": told[M.CANCEL]},
        {"kind": "authorised", "label": _("Reserved, not captured"), "minor": free, "details": []},
    ]
    return [part for part in parts if part["minor"]]


def _moved(movement: LedgerMovement) -> str:
    at = day(movement.occurred_at or movement.booked_at)
    values = {"date": at, "amount": money(movement.amount_minor, movement.currency)}
    if movement.operation_id is None:
        return _("%(date)s: %(amount)s, outside Paydesk", **values)
    return _("%(date)s: %(amount)s", **values)


def _operation(line: OperationLine, person: SignedIn) -> dict[str, Any]:
    operation = line.operation
    is_own = operation.requested_by == person.user_id and person.may(P.STOP_OWN, operation.shop_id)
    may_stop = person.may(P.STOP_ANY, operation.shop_id) or is_own
    went_wrong = line.was_put_back or (line.is_over and line.word is not None and line.word.value != "done")
    return {
        "row": operation,
        "state": line.shown_state,
        "kind": KINDS[operation.kind],
        "wish": order_words.wish_words(operation.kind, operation.amount_minor, operation.currency),
        "reason": reason_name(line.reason) if line.reason else "",
        "asked_by": line.requested_by or order_words.VIA[operation.requested_via],
        "approved_by": line.approved_by,
        "why": why_not_done(operation) if went_wrong else why_blocked(operation),
        "next_at": line.next_at,
        "tries": operation.tries,
        "may_stop": line.can_be_stopped and may_stop,
        "may_ask": line.is_unknown and person.may(P.ASK_PROVIDER, operation.shop_id),
        "part_of": _part_of(line),
    }


def _part_of(line: OperationLine) -> dict[str, Any] | None:
    """The wish of several steps that an operation is one of; None for one that stands for itself."""
    if not line.wish:
        return None
    first = line.wish[0].operation
    minor = sum(step.operation.amount_minor for step in line.wish)
    return {
        "title": wish_title(first.wish_kind or WishKind(first.kind.value), minor, first.currency),
        "state": state_of_wish([step.shown_state for step in line.wish]),
        "number": line.operation.step + 1,
        "all": len(line.wish),
        "href": url_for("wishes.show", wish_id=first.wish_id),
    }


def _outcomes(facts: OrderFacts) -> list[dict[str, Any]]:
    found = []
    for kind in (K.CANCEL, K.REFUND):
        line = facts.newest(kind)
        if line is None or line.word is None:
            continue
        went_wrong = line.word.value != "done"
        found.append(
            {
                "tag": order_words.OUTCOMES[kind, line.word],
                "why": why_not_done(line.operation) if went_wrong else "",
                "next_at": line.next_at if went_wrong else None,
                "is_final": went_wrong and line.is_over,
                "went_wrong": went_wrong,
                "id": line.operation.id,
            }
        )
    return found


def _fired(fired: FiredAction, person: SignedIn) -> dict[str, Any]:
    title, why = fired_words(fired)
    return {
        "id": fired.id,
        "title": title,
        "why": why,
        "is_final": fired.state is FiringState.GIVEN_UP,
        "has_failed": fired.tries > 0,
        "next_at": fired.due_at,
        "may_try": person.may(P.SET_STATUS, fired.shop_id),
    }


def _event(event: Any) -> dict[str, Any]:
    href = url_for("operations.show", operation_id=event.operation_id) if event.operation_id else ""
    return {
        "at": event.at,
        "text": order_words.event_words(event),
        "who": order_words.event_who(event),
        "note": event.facts.get("evidence") or "",
        "colour": order_words.event_colour(event),
        "href": href,
    }


def _under_way(facts: OrderFacts) -> str:
    count = len(facts.under_way)
    if count == 0:
        return ""
    text: str = ngettext("%(num)d operation is under way.", "%(num)d operations are under way.", count)
    return text
