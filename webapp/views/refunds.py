"""Refunds: form, check, send, and the list of all requests."""

from __future__ import annotations

import uuid

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from providers.planning import WishKind
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.forms.refund import refund_form
from webapp.htmx import page
from webapp.security import current, limit_money_forms, requires, shops_in_view, visible_shops
from webapp.services.operations.listing import list_refunds, people_who_asked, reason_choices
from webapp.views.money_steps import Steps
from webapp.views.refund_filters import GROUPS, addresses, chips_of, read_filter

bp = Blueprint("refunds", __name__)
STEPS = Steps(WishKind.REFUND, (Permission.REFUND,), refund_form, "refunds")


@bp.get("/refunds")
@requires(Permission.VIEW)
def index() -> ResponseReturnValue:
    """All refund requests of the shops in view, newest first; filters stand in the address."""
    tx, shops = db.session(), shops_in_view()
    wanted = read_filter(request.args, shops, current().mode)
    people, reasons = people_who_asked(tx, visible_shops()), reason_choices(tx, visible_shops())
    found = list_refunds(tx, wanted)
    newer, older = addresses(wanted, found)
    return page(
        "refunds/index.html",
        block="list",
        rows=found.rows,
        wanted=wanted,
        newer=newer,
        older=older,
        people=people,
        reasons=reasons,
        groups=GROUPS,
        totals=found.totals,
        chip_list=chips_of(wanted, people, reasons),
    )


@bp.route("/payments/<uuid:payment_id>/refund", methods=["GET", "POST"])
@requires(Permission.REFUND)
def create(payment_id: uuid.UUID) -> ResponseReturnValue:
    """The form; sent, the check page."""
    facts = STEPS.facts(payment_id)
    return STEPS.take(facts) if request.method == "POST" else STEPS.open(facts)


@bp.get("/payments/<uuid:payment_id>/refund/check")
@requires(Permission.REFUND)
def check(payment_id: uuid.UUID) -> ResponseReturnValue:
    """What the form asked for, to be looked at once more; `?draft=` names the answers."""
    return STEPS.check(STEPS.facts(payment_id))


@bp.post("/payments/<uuid:payment_id>/refund/send")
@requires(Permission.REFUND)
@limit_money_forms
def send(payment_id: uuid.UUID) -> ResponseReturnValue:
    """File the refund that the check page showed."""
    return STEPS.send(STEPS.facts(payment_id))
