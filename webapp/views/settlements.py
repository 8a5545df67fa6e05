"""Settling an operation in review: one person proposes, another confirms."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting.money_words import rule_words
from webapp.forms.settlement import CHOICES, ConfirmationForm, SettlementForm
from webapp.htmx import page, see_other
from webapp.models import Settlement, User, Via
from webapp.security import check_right, current, limit_money_forms, requires, visible_shops
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.operations import settling
from webapp.services.operations.showing import OperationFacts, get_operation

bp = Blueprint("settlements", __name__)


@bp.route("/operations/<uuid:operation_id>/settle", methods=["GET", "POST"])
@requires(Permission.SETTLE_REVIEW)
def create(operation_id: uuid.UUID) -> ResponseReturnValue:
    """The form of the first person; the page of the second one while a proposal waits."""
    facts = _facts(operation_id)
    if not facts.is_review:
        return see_other(url_for("operations.show", operation_id=operation_id))
    form = SettlementForm()
    if form.validate_on_submit():
        proposal = form.command(_actor(), operation_id, visible_shops())
        db.session.rollback()
        try:
            settling.propose(proposal)
        except RuleBroken as refusal:
            form.take_refusal(refusal)
            facts = _facts(operation_id)
        else:
            flash(_("The proposal is kept. It takes effect when a second person confirms it."))
            return see_other(url_for("settlements.create", operation_id=operation_id))
    return _page(facts, form, 422 if form.errors else 200)


@bp.post("/operations/<uuid:operation_id>/settle/confirm")
@requires(Permission.SETTLE_REVIEW)
@limit_money_forms
def confirm(operation_id: uuid.UUID) -> ResponseReturnValue:
    """Carry out the proposal that was shown."""
    facts = _facts(operation_id)
    shop_id, settlement_id = facts.operation.shop_id, ConfirmationForm().settlement_id
    db.session.rollback()
    try:
        settling.confirm(operation_id, settlement_id, [shop_id], _actor())
    except RuleBroken as refusal:
        flash(rule_words(refusal.code))
        return see_other(url_for("settlements.create", operation_id=operation_id))
    return see_other(url_for("operations.show", operation_id=operation_id))


def _page(facts: OperationFacts, form: SettlementForm, status: int) -> ResponseReturnValue:
    tx = db.session()
    waiting: Settlement | None = settling.find_open(tx, facts.operation.id)
    return page(
        "operations/settle.html",
        status=status,
        facts=facts,
        operation=facts.operation,
        form=form,
        waiting=waiting,
        proposer=tx.get_one(User, waiting.proposed_by).name if waiting else "",
        outcome=str(CHOICES[waiting.settle_as]) if waiting else "",
        is_mine=waiting is not None and waiting.proposed_by == current().user_id,
        is_alone=settling.is_alone(tx, facts.operation.shop_id),
    )


def _facts(operation_id: uuid.UUID) -> OperationFacts:
    facts = get_operation(db.session(), operation_id, visible_shops(), current().mode)
    check_right(Permission.SETTLE_REVIEW, facts.operation.shop_id)
    return facts


def _actor() -> Actor:
    return Actor(current().user_id, Via.WEB)
