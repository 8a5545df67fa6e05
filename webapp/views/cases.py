"""Cases: what does not add up between our books and the providers; list, one case, set aside, compare again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.cases import CaseKind, CaseState
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import case_words
from webapp.forms.cases import MOST_NOTE, CaseForm
from webapp.forms.refusals import refusal_text, refuse
from webapp.htmx import in_step, page, see_other
from webapp.security import check_right, current, limit_money_forms, requires, shops_in_view, visible_shops
from webapp.services import shops
from webapp.services.cases import asking, closing, listing
from webapp.services.cases.listing import CaseFilter, CaseLine, Place
from webapp.services.errors import RuleBroken, StaleVersion

bp = Blueprint("cases", __name__, url_prefix="/cases")
P = Permission


@bp.get("")
@requires(P.VIEW)
def index() -> ResponseReturnValue:
    """The cases, open ones first; the filter stands in the address."""
    tx, wanted = db.session(), _filter()
    lines, has_more = listing.cases(tx, shops_in_view(), current().mode, wanted)
    asked: dict[str, Any] = {
        name: request.args[name] for name in ("state", "kind", "shop", "payment") if request.args.get(name)
    }
    more = _place_in_address(lines[-1]) if has_more else {}
    here = url_for("cases.index", **asked)
    answer = page(
        "cases/index.html",
        block="cases",
        lines=lines,
        wanted=wanted,
        words=case_words,
        kinds=list(CaseKind),
        states=list(listing.SHOWN),
        shops={shop.id: shop.name for shop in shops.visible(tx, visible_shops())},
        more=url_for("cases.index", **asked, **more) if has_more else "",
        first=here if wanted.after else "",
    )
    return in_step(answer, request.full_path.rstrip("?"))


@bp.get("/<uuid:case_id>")
@requires(P.VIEW)
def show(case_id: uuid.UUID) -> ResponseReturnValue:
    """One case: what we have, what the provider shows, and what to do next."""
    return _page(_line(case_id), CaseForm(), 200)


@bp.post("/<uuid:case_id>")
@requires(P.CLOSE_CASES)
def close(case_id: uuid.UUID) -> ResponseReturnValue:
    """Set it aside with a note."""
    line, form = _line(case_id), CaseForm()
    check_right(P.CLOSE_CASES, line.case.shop_id)
    status = 422
    if form.validate_on_submit():
        db.session.rollback()
        try:
            closing.set_aside(current(), case_id, form.seen_version, form.note.data or "")
        except StaleVersion as refusal:
            status = refuse(form, refusal)
        except RuleBroken as refusal:
            flash(refusal_text(refusal))
            return see_other(url_for("cases.show", case_id=case_id))
        else:
            flash(_("The case is set aside. It comes up again if the facts change."))
            return see_other(url_for("cases.show", case_id=case_id))
        line = _line(case_id)
    return _page(line, form, status)


@bp.post("/<uuid:case_id>/again")
@requires(P.ASK_PROVIDER)
@limit_money_forms
def again(case_id: uuid.UUID) -> ResponseReturnValue:
    """Read the payment now and compare once more."""
    line = _line(case_id)
    shop_id, payment_id = line.case.shop_id, line.payment.id
    check_right(P.ASK_PROVIDER, shop_id)
    db.session.rollback()  # no transaction is open during a call
    flash(case_words.compared_words(asking.compare(shop_id, [payment_id])))
    return see_other(url_for("cases.show", case_id=case_id))


def _page(line: CaseLine, form: CaseForm, status: int) -> ResponseReturnValue:
    form.version.data = str(line.case.version)
    person, shop_id = current(), line.case.shop_id
    return page(
        "cases/show.html",
        block="case",
        status=status,
        line=line,
        form=form,
        most=MOST_NOTE,
        words=case_words,
        may_close=line.is_open and person.may(P.CLOSE_CASES, shop_id),
        may_ask=line.is_open and person.may(P.ASK_PROVIDER, shop_id),
    )


def _line(case_id: uuid.UUID) -> CaseLine:
    return listing.get_case(db.session(), case_id, visible_shops(), current().mode)


def _filter() -> CaseFilter:
    state, kind = request.args.get("state", ""), request.args.get("kind", "")
    return CaseFilter(
        state=CaseState(state) if state in listing.SHOWN else None,
        kind=CaseKind(kind) if kind in set(CaseKind) else None,
        shop_id=request.args.get("shop", type=uuid.UUID),
        payment_id=request.args.get("payment", type=uuid.UUID),
        after=_after(),
    )


def _place_in_address(line: CaseLine) -> dict[str, Any]:
    rank, opened_at, case_id = line.place
    return {"rank": rank, "at": opened_at.isoformat(), "id": case_id}


def _after() -> Place | None:
    rank, case_id = request.args.get("rank", type=int), request.args.get("id", type=uuid.UUID)
    try:
        at = datetime.fromisoformat(request.args.get("at", ""))
    except ValueError:
        return None
    return None if rank is None or case_id is None or at.tzinfo is None else (rank, at, case_id)
