"""Cancel or refund: everything back to the buyer, by whichever calls the payment needs; form, check, send."""

from __future__ import annotations

import uuid

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from providers.planning import WishKind
from webapp.domain.permissions import Permission
from webapp.forms.cancellation import CancelOrRefundForm
from webapp.security import limit_money_forms, requires
from webapp.views.money_steps import Steps

bp = Blueprint("cancel_or_refund", __name__)
RIGHTS = (Permission.CANCEL, Permission.REFUND)  # it may come to either
STEPS = Steps(WishKind.CANCEL_OR_REFUND, RIGHTS, CancelOrRefundForm, "cancel_or_refund")


@bp.route("/payments/<uuid:payment_id>/cancel-or-refund", methods=["GET", "POST"])
@requires(Permission.CANCEL)
def create(payment_id: uuid.UUID) -> ResponseReturnValue:
    """The form; sent, the check page."""
    facts = STEPS.facts(payment_id)
    return STEPS.take(facts) if request.method == "POST" else STEPS.open(facts)


@bp.get("/payments/<uuid:payment_id>/cancel-or-refund/check")
@requires(Permission.CANCEL)
def check(payment_id: uuid.UUID) -> ResponseReturnValue:
    """What the form asked for, to be looked at once more; `?draft=` names the answers."""
    return STEPS.check(STEPS.facts(payment_id))


@bp.post("/payments/<uuid:payment_id>/cancel-or-refund/send")
@requires(Permission.CANCEL)
@limit_money_forms
def send(payment_id: uuid.UUID) -> ResponseReturnValue:
    """File the wish that the check page showed."""
    return STEPS.send(STEPS.facts(payment_id))
