"""The result of a wish that takes several calls: each step with its own fate, the wish as its least finished part."""

from __future__ import annotations

import uuid

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import results, wish_words
from webapp.htmx import page
from webapp.security import current, requires, visible_shops
from webapp.services.operations.showing import get_wish
from webapp.views.money_steps import order_address

bp = Blueprint("wishes", __name__)


@bp.get("/wishes/<uuid:wish_id>")
@requires(Permission.VIEW)
def show(wish_id: uuid.UUID) -> ResponseReturnValue:
    """What became of it; refreshes itself until nothing changes any more."""
    wish = get_wish(db.session(), wish_id, visible_shops(), current().mode)
    first = wish.steps[0]
    waits = [results.refresh_s(step) for step in wish.steps if not step.is_over]
    return page(
        "wishes/show.html",
        block="result",
        wish=wish,
        wish_id=wish_id,
        facts=first,
        title=wish_words.result_title(wish),
        lead=wish_words.result_lead(wish),
        steps=[(step, results.title(step), results.lead(step)) for step in wish.steps],
        refresh_s=min(waits, default=0),
        order_href=order_address(first.order.id),
    )
