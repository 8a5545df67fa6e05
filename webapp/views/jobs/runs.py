"""One run: made now by hand, looked at while it works and after, and its failed rows once more."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue

from webapp.domain.outcomes import RowOutcome
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import job_words, run_words
from webapp.formatting.run_bars import run_bars
from webapp.forms.refusals import refusal_text
from webapp.htmx import page, see_other
from webapp.models import Mode, Shop
from webapp.models.base import new_id
from webapp.security import check_right, current, limit_money_forms, requires, visible_shops
from webapp.services.errors import RuleBroken
from webapp.services.jobs import figures, listing, making, outcomes, repeating
from webapp.services.jobs.catalogue import METHOD_SYNC
from webapp.services.jobs.figures import Failed
from webapp.services.jobs.listing import RowLine, RunFacts
from webapp.views.jobs import bp
from webapp.views.jobs.board import known_job

P = Permission
COMPARED = 20


@bp.post("/<job>/<uuid:shop_id>/runs")
@requires(P.RUN_JOBS)
@limit_money_forms
def run_now(job: str, shop_id: uuid.UUID) -> ResponseReturnValue:
    """Make one run now; the same form sent twice leads to the same run (R16)."""
    check_right(P.RUN_JOBS, shop_id)
    known_job(job)
    request_id = _request_id()
    db.session.rollback()  # let go of the read lock before the write
    try:
        run_id = making.run_now(current(), job, shop_id, request_id)
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
        return see_other(url_for("jobs.index"))
    return see_other(url_for("jobs.run", run_id=run_id))


@bp.get("/runs/<uuid:run_id>")
@requires(P.VIEW)
def run(run_id: uuid.UUID) -> ResponseReturnValue:
    """What the run did with each row; refreshes itself while something about it can change by itself."""
    tx, mode = db.session(), current().mode
    facts = listing.get_run(tx, run_id, visible_shops(), mode)
    shop = facts.shop or abort(404)
    row, kind = facts.line.run, facts.job.undoes
    counts = outcomes.count(tx, run_id)
    here = counts.get(mode, {})
    wanted = _outcome()
    after = request.args.get("after", 0, type=int)
    rows, has_more = listing.rows(tx, row, mode, outcome=wanted, after=after)
    compared = listing.history(tx, row.job, shop.id, mode, COMPARED)
    filters: dict[str, Any] = {"outcome": wanted.value if wanted else None}
    return page(
        "jobs/run.html",
        block="result",
        facts=facts,
        run=row,
        shop=shop,
        title=job_words.job_title(row.job),
        state=job_words.STATES[facts.line.state],
        lead=run_words.lead(facts, here),
        lead_colour=run_words.lead_colour(facts, here),
        started_by=run_words.started_by(facts),
        refresh_s=run_words.refresh_s(facts, here),
        address=url_for("jobs.run", run_id=run_id, **filters, after=after or None),
        filters=_filters(run_id, here, kind, wanted),
        wanted=wanted,
        rows=[_row(line) for line in rows],
        has_orders=row.job != METHOD_SYNC,
        first=url_for("jobs.run", run_id=run_id, **filters) if after else "",
        more=url_for("jobs.run", run_id=run_id, **filters, after=rows[-1].row.position) if has_more else "",
        elsewhere=sum(sum(of_mode.values()) for other, of_mode in counts.items() if other is not mode),
        bars=run_bars(compared),
        compared_place=_place(compared, run_id),
        repeat=_repeat(facts, figures.failed_now(tx, run_id), shop),
        **_mails(shop),
    )


@bp.post("/runs/<uuid:run_id>/repeat")
@requires(P.RUN_JOBS)
@limit_money_forms
def repeat(run_id: uuid.UUID) -> ResponseReturnValue:
    """A new run of what failed for good in this one."""
    facts = listing.get_run(db.session(), run_id, visible_shops(), current().mode)
    check_right(P.RUN_JOBS, (facts.shop or abort(404)).id)
    request_id = _request_id()
    db.session.rollback()
    try:
        made = repeating.repeat_failed(current(), run_id, request_id)
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
        return see_other(url_for("jobs.run", run_id=run_id))
    return see_other(url_for("jobs.run", run_id=made))


def _request_id() -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get("request_id", ""))
    except ValueError:
        abort(400)


def _outcome() -> RowOutcome | None:
    wanted = request.args.get("outcome", "")
    return RowOutcome(wanted) if wanted in set(RowOutcome) else None


def _filters(run_id: uuid.UUID, here: Mapping[RowOutcome, int], kind: Any, wanted: RowOutcome | None) -> list[Any]:
    """Each outcome that occurs, with its count and the address of its rows; all rows first."""
    every = {
        "tag": None,
        "count": sum(here.values()),
        "href": url_for("jobs.run", run_id=run_id),
        "is_here": wanted is None,
    }
    found = [
        {
            "tag": job_words.outcome_tag(outcome, kind),
            "count": here.get(outcome, 0),
            "href": url_for("jobs.run", run_id=run_id, outcome=outcome.value),
            "is_here": wanted is outcome,
        }
        for outcome in job_words.OUTCOMES
        if here.get(outcome) or wanted is outcome
    ]
    return [every, *found]


def _row(line: RowLine) -> dict[str, Any]:
    return {
        "line": line,
        "tag": job_words.outcome_tag(line.outcome, line.row.kind),
        "why": job_words.row_reason(line),
        "is_final": line.outcome is RowOutcome.FAILED and line.operation is not None,
    }


def _repeat(facts: RunFacts, failed: Mapping[Mode, Failed], shop: Shop) -> dict[str, Any] | None:
    """The check before “repeat only the failed”; None where there is nothing to repeat or the right is missing."""
    if not failed or not facts.line.is_over or not current().may(P.RUN_JOBS, shop.id):
        return None
    return {
        "modes": [
            (mode.value, of_mode.rows, job_words.sums_words(of_mode.sums_minor)) for mode, of_mode in failed.items()
        ],
        "rows": sum(of_mode.rows for of_mode in failed.values()),
        "request_id": new_id(),
    }


def _mails(shop: Shop) -> dict[str, Any]:
    """Whom failures are mailed to; the addresses themselves only for those who look after them."""
    may_see = current().may(P.MANAGE_SHOP, shop.id) or current().may(P.MANAGE_MAILS, shop.id)
    addresses = shop.failure_emails or []
    return {
        "mails_on": shop.failure_mails_on,
        "mail_count": len(addresses),
        "mail_addresses": addresses if may_see else [],
        "may_edit_shop": current().may(P.MANAGE_SHOP, shop.id),
    }


def _place(compared: Any, run_id: uuid.UUID) -> int | None:
    """Which bar is this run; None when it is older than those shown."""
    ids = [line.run.id for line in reversed(compared)]
    return ids.index(run_id) if run_id in ids else None
