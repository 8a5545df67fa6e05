"""What the next run of the cancel or refund job would take, and why it leaves an order alone."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import job_words
from webapp.htmx import page
from webapp.models import Shop
from webapp.models.base import new_id
from webapp.security import check_right, current, requires
from webapp.services.errors import NotFound
from webapp.services.jobs import rehearsing
from webapp.services.jobs.rehearsing import Considered, Explanation
from webapp.services.jobs.rules import Rule
from webapp.views.jobs import bp
from webapp.views.jobs.board import known_job

P = Permission
LONGEST_NUMBER = 100


@bp.get("/<job>/<uuid:shop_id>/rehearsal")
@requires(P.RUN_JOBS)
def rehearse(job: str, shop_id: uuid.UUID) -> ResponseReturnValue:
    """Counts, sums and rows of what would be taken now; with `order` in the address also the answer about that one."""
    check_right(P.RUN_JOBS, shop_id)
    tx, mode = db.session(), current().mode
    found = known_job(job)
    if found.undoes is None:
        abort(404)
    shop = tx.get(Shop, shop_id) or abort(404)
    number = request.args.get("order", "").strip()[:LONGEST_NUMBER]
    rehearsal = rehearsing.rehearse(tx, job, shop_id, mode)
    return page(
        "jobs/rehearsal.html",
        block="rehearsal",
        job=found,
        shop=shop,
        title=job_words.job_title(job),
        rehearsal=rehearsal,
        sums=job_words.sums_words(rehearsal.sums_minor),
        taken=[_row(each) for each in rehearsal.rows if each.judged.is_taken],
        skipped=[_row(each) for each in rehearsal.rows if not each.judged.is_taken],
        number=number,
        answer=_answer(job, shop_id, number) if number else None,
        request_id=new_id(),
    )


def _answer(job: str, shop_id: uuid.UUID, number: str) -> dict[str, Any]:
    """Why the job takes that order or not, in words: one rule about the order, or one for each payment."""
    try:
        explanation: Explanation = rehearsing.explain(db.session(), job, shop_id, current().mode, number)
    except NotFound:
        return {"order": None, "rule": "", "payments": []}
    rule = explanation.rule
    return {
        "order": explanation.order,
        "rule": job_words.rule_words(rule.value) if rule else "",
        "payments": [_row(each) for each in explanation.payments],
        "is_taken": any(each.judged.is_taken for each in explanation.payments),
    }


def _row(considered: Considered) -> dict[str, Any]:
    judged = considered.judged
    why = judged.why.value if judged.why else None
    return {
        "it": considered,
        "why": job_words.rule_words(judged.rule.value, why),
        "amount_minor": judged.amount_minor,
        "is_taken": judged.rule is Rule.TAKEN,
    }
