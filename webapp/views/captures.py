"""Capturing: take what a payment holds reserved, all of it or a part; form, check, send."""

from __future__ import annotations

import uuid

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from providers.planning import WishKind
from webapp.domain.permissions import Permission
from webapp.forms.capture import capture_form
from webapp.security import limit_money_forms, requires
from webapp.views.money_steps import Steps

bp = Blueprint("captures", __name__)
STEPS = Steps(WishKind.CAPTURE, (Permission.CAPTURE,), capture_form, "captures")


@bp.route("/payments/<uuid:payment_id>/capture", methods=["GET", "POST"])
@requires(Permission.CAPTURE)
def create(payment_id: uuid.UUID) -> ResponseReturnValue:
    """The form; sent, the check page."""
    facts = STEPS.facts(payment_id)
    return STEPS.take(facts) if request.method == "POST" else STEPS.open(facts)


@bp.get("/payments/<uuid:payment_id>/capture/check")
@requires(Permission.CAPTURE)
def check(payment_id: uuid.UUID) -> ResponseReturnValue:
    """What the form asked for, to be looked at once more; `?draft=` names the answers."""
    return STEPS.check(STEPS.facts(payment_id))


@bp.post("/payments/<uuid:payment_id>/capture/send")
@requires(Permission.CAPTURE)
@limit_money_forms
def send(payment_id: uuid.UUID) -> ResponseReturnValue:
    """File the capture that the check page showed."""
    return STEPS.send(STEPS.facts(payment_id))
