"""One operation and what people may do to it; the queues of unknown results and of those that need a decision."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.operations import OperationState
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import results
from webapp.formatting.money_words import rule_words
from webapp.htmx import page, see_other
from webapp.models import Via
from webapp.security import check_right, current, requires, shops_in_view, visible_shops
from webapp.services import runtime
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.operations import stopping
from webapp.services.operations.listing import list_in_state
from webapp.services.operations.showing import OperationFacts, get_operation
from webapp.views.money_steps import order_address

bp = Blueprint("operations", __name__)


@bp.get("/operations/<uuid:operation_id>")
@requires(Permission.VIEW)
def show(operation_id: uuid.UUID) -> ResponseReturnValue:
    """What became of it; refreshes itself until nothing changes any more."""
    facts = _facts(operation_id)
    person, shop_id = current(), facts.operation.shop_id
    may_stop = person.may(Permission.STOP_ANY, shop_id) or (
        facts.operation.requested_by == person.user_id and person.may(Permission.STOP_OWN, shop_id)
    )
    return page(
        "operations/show.html",
        block="result",
        facts=facts,
        operation=facts.operation,
        title=results.title(facts),
        lead=results.lead(facts),
        when_seen=results.when_seen(facts),
        customer_text=results.customer_text(facts),
        refresh_s=results.refresh_s(facts),
        may_stop=may_stop and facts.can_be_stopped,
        may_ask=facts.can_be_asked and person.may(Permission.ASK_PROVIDER, shop_id),
        may_settle=facts.is_review and person.may(Permission.SETTLE_REVIEW, shop_id),
        order_href=order_address(facts.order.id),
    )


@bp.post("/operations/<uuid:operation_id>/stop")
@requires(Permission.STOP_OWN)
def stop(operation_id: uuid.UUID) -> ResponseReturnValue:
    """Take it back before it is sent."""
    facts = _facts(operation_id)
    shop_id = facts.operation.shop_id
    check_right(Permission.STOP_OWN, shop_id)
    may_stop_any = current().may(Permission.STOP_ANY, shop_id)
    db.session.rollback()
    try:
        stopping.stop(operation_id, [shop_id], _actor(), may_stop_any=may_stop_any)
    except RuleBroken as refusal:
        flash(rule_words(refusal.code))
    return see_other(url_for("operations.show", operation_id=operation_id))


@bp.post("/operations/<uuid:operation_id>/ask")
@requires(Permission.ASK_PROVIDER)
def ask(operation_id: uuid.UUID) -> ResponseReturnValue:
    """Have the provider asked now instead of at the next planned time."""
    facts = _facts(operation_id)
    shop_id = facts.operation.shop_id
    check_right(Permission.ASK_PROVIDER, shop_id)
    db.session.rollback()
    try:
        is_new = stopping.ask_provider(operation_id, [shop_id], _actor())
    except RuleBroken as refusal:
        flash(rule_words(refusal.code))
    else:
        flash(_("The provider is being asked.") if is_new else _("The provider was asked a moment ago."))
    return see_other(url_for("operations.show", operation_id=operation_id))


@bp.get("/unknown")
@requires(Permission.VIEW)
def unknown() -> ResponseReturnValue:
    """What was sent without a clear answer, longest first."""
    return _queue("operations/unknown.html", OperationState.UNKNOWN)


@bp.get("/review")
@requires(Permission.VIEW)
def review() -> ResponseReturnValue:
    """What only people can decide, longest first."""
    return _queue("operations/review.html", OperationState.REVIEW)


def _queue(template: str, state: OperationState) -> ResponseReturnValue:
    tx = db.session()
    rows = list_in_state(tx, shops_in_view(), current().mode, state)
    now = runtime.current().clock.now(tx)
    may_ask = visible_shops(Permission.ASK_PROVIDER)
    may_settle = visible_shops(Permission.SETTLE_REVIEW)
    return page(template, block="queue", rows=rows, now=now, may_ask=may_ask, may_settle=may_settle)


def _facts(operation_id: uuid.UUID) -> OperationFacts:
    return get_operation(db.session(), operation_id, visible_shops(), current().mode)


def _actor() -> Actor:
    return Actor(current().user_id, Via.WEB)
