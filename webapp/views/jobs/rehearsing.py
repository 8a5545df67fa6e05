"""What the next run of a job would take or read, and why it leaves an order alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import job_words
from webapp.formatting.status_action_words import outcome_words
from webapp.htmx import page
from webapp.models import Mode, Order, Shop
from webapp.models.base import new_id
from webapp.security import check_right, current, requires
from webapp.services.cases import foreseeing as comparisons
from webapp.services.cases.reading import AT_ONCE
from webapp.services.errors import NotFound
from webapp.services.jobs import rehearsing, rules
from webapp.services.jobs.catalogue import ORDER_STATUS, RECONCILE, Job
from webapp.services.jobs.rehearsing import Considered, Explanation
from webapp.services.jobs.rules import Rule
from webapp.services.status_actions import foreseeing
from webapp.services.status_actions.foreseeing import Foreseen
from webapp.services.unit_of_work import Tx
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
    if not found.is_rehearsed:
        abort(404)
    shop = tx.get(Shop, shop_id) or abort(404)
    number = request.args.get("order", "").strip()[:LONGEST_NUMBER]
    template, about = _PAGES.get(job, ("jobs/rehearsal.html", _undoing))
    return page(
        template,
        block="rehearsal",
        job=found,
        shop=shop,
        title=job_words.job_title(job),
        number=number,
        request_id=new_id(),
        **about(tx, found, shop_id, mode, number),
    )


def _undoing(tx: Tx, job: Job, shop_id: uuid.UUID, mode: Mode, number: str) -> dict[str, Any]:
    rehearsal = rehearsing.rehearse(tx, job.name, shop_id, mode)
    rows = [_row(each) for each in rehearsal.rows]
    answer = _answer(job.name, shop_id, number) if number else None
    return _parts(rehearsal, rows) | {"answer": answer, "looked_at": rules.AT_ONCE}


def _acting(tx: Tx, _job: Job, shop_id: uuid.UUID, mode: Mode, number: str) -> dict[str, Any]:
    rehearsal = foreseeing.rehearse(tx, shop_id, mode)
    rows = [_to_act(each) for each in rehearsal.rows]
    order = foreseeing.find_order(tx, shop_id, mode, number) if number else None
    found = [_to_act(each) for each in foreseeing.explain(tx, order)] if order else []
    rule = "" if found else _("no change of its status has set anything going that is left to do.")
    answer = _about_order(order, rule, found)
    return _parts(rehearsal, rows) | {"answer": answer if number else None, "looked_at": foreseeing.LOOKED_AT}


def _comparing(tx: Tx, _job: Job, shop_id: uuid.UUID, mode: Mode, number: str) -> dict[str, Any]:
    rehearsal = comparisons.rehearse(tx, shop_id, mode)
    order = foreseeing.find_order(tx, shop_id, mode, number) if number else None
    found = [_to_read(each) for each in comparisons.explain(tx, order)] if order else []
    answer = _about_order(order, "" if found else job_words.rule_words(Rule.NO_PAYMENT.value), found)
    rows = [_to_read(each) for each in rehearsal.rows]
    return {"rehearsal": rehearsal, "rows": rows, "answer": answer if number else None, "looked_at": AT_ONCE}


_PAGES: Mapping[str, tuple[str, Callable[[Tx, Job, uuid.UUID, Mode, str], dict[str, Any]]]] = {
    ORDER_STATUS: ("jobs/rehearsal.html", _acting),
    RECONCILE: ("jobs/reads_rehearsal.html", _comparing),
}
"""The page of each job that does not undo orders, and what stands on it."""


def _to_act(each: Foreseen) -> dict[str, Any]:
    return _foreseen(each, outcome_words(each), each.amount_minor)


def _to_read(each: comparisons.Foreseen) -> dict[str, Any]:
    return _foreseen(each, job_words.turn_words(each))


def _about_order(order: Order | None, rule: str, payments: list[dict[str, Any]]) -> dict[str, Any]:
    is_taken = any(row["is_taken"] for row in payments)
    return {"order": order, "rule": rule, "payments": payments, "is_taken": is_taken}


def _parts(rehearsal: rehearsing.Rehearsal | foreseeing.ActionsRehearsal, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rehearsal": rehearsal,
        "sums": job_words.sums_words(rehearsal.sums_minor),
        "taken": [row for row in rows if row["is_taken"]],
        "skipped": [row for row in rows if not row["is_taken"]],
    }


def _foreseen(each: Foreseen | comparisons.Foreseen, why: str, amount_minor: int = 0) -> dict[str, Any]:
    """One payment; without an amount where a run moves none."""
    it = {"order": each.order, "payment": each.payment, "account": each.account, "operation": None}
    return {"it": it, "why": why, "amount_minor": amount_minor, "is_taken": each.is_taken}


def _answer(job: str, shop_id: uuid.UUID, number: str) -> dict[str, Any]:
    """Why the job takes that order or not, in words: one rule about the order, or one for each payment."""
    try:
        explanation: Explanation = rehearsing.explain(db.session(), job, shop_id, current().mode, number)
    except NotFound:
        return _about_order(None, "", [])
    rule = explanation.rule
    words = job_words.rule_words(rule.value) if rule else ""
    return _about_order(explanation.order, words, [_row(each) for each in explanation.payments])


def _row(considered: Considered) -> dict[str, Any]:
    judged = considered.judged
    why = judged.why.value if judged.why else None
    return {
        "it": considered,
        "why": job_words.rule_words(judged.rule.value, why),
        "amount_minor": judged.amount_minor,
        "is_taken": judged.rule is Rule.TAKEN,
    }
