"""Orders by file: send one, see what is wrong with it and what it would do, bring it in."""

from __future__ import annotations

import uuid
from contextlib import closing

from flask import Blueprint, Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.domain.permissions import Permission
from webapp.extensions import csrf, db
from webapp.formatting.import_words import fault_words, place_words, plan_words, problem_words
from webapp.forms.imports import ImportForm
from webapp.forms.refusals import refusal_text
from webapp.htmx import page, see_other
from webapp.models import Via
from webapp.models.order_import import BUSY, ImportState
from webapp.security import check_right, current, requires, shops_in_view, visible_shops
from webapp.services import shops
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.imports import deciding, uploading
from webapp.services.imports.listing import ImportFacts, get_import, list_imports
from webapp.services.imports.reading import COLUMNS, LARGEST_FILE, MOST_RECORDS, REQUIRED
from webapp.services.imports.uploading import Upload
from webapp.services.orders.statuses import next_undoing_at, statuses_of

bp = Blueprint("imports", __name__, url_prefix="/imports")
IMPORT = Permission.IMPORT_ORDERS
ROOM_FOR_FIELDS = 64 * 1024
REFRESH_S = 2
SAMPLE = (
    ",".join(COLUMNS),
    "10023,EUR,25.00,paid,hana@example.com,Hana Sato,ja,2026-11-22T14:05:00+09:00,,",
    "10024,JPY,1200,new,,,,2026-11-22,,",
)
S = ImportState


@bp.get("")
@requires(IMPORT)
def index() -> ResponseReturnValue:
    """The form, what a file looks like, and the imports so far."""
    return _index(_empty_form())


@bp.post("")
@csrf.exempt  # type: ignore[untyped-decorator]  # checked below: first the right, then the limit, and only then the body
@requires(IMPORT)
def create() -> ResponseReturnValue:
    """Take a file in and go to its page, where it is checked."""
    db.session.rollback()  # no transaction stays open while the file comes in
    request.max_content_length = LARGEST_FILE + ROOM_FOR_FIELDS
    try:
        csrf.protect()
        form = ImportForm()
    except RequestEntityTooLarge:
        return _too_large()
    form.offer(shops.visible(db.session(), visible_shops(IMPORT)))
    if not form.validate_on_submit():
        return _index(form, 422)
    shop_id = uuid.UUID(form.shop_id.data)
    check_right(IMPORT, shop_id)
    sent: FileStorage = form.file.data
    upload = Upload(
        id=form.chosen_id(),
        actor=Actor(current().user_id, Via.WEB),
        shop_id=shop_id,
        mode=current().mode,
        file_name=sent.filename or "",
        act=bool(form.act.data),
        keep_good=bool(form.keep_good.data),
    )
    db.session.rollback()
    try:
        with closing(sent):
            uploading.take_in(upload, sent.stream)
    except RuleBroken as refusal:
        if refusal.code == "file_too_large":
            return _too_large()
        form.refuse("", refusal_text(refusal))
        return _index(form, 422)
    return see_other(url_for("imports.show", import_id=upload.id))


@bp.get("/sample.csv")
@requires(IMPORT)
def sample() -> ResponseReturnValue:
    """A file to begin with."""
    answer = Response("\r\n".join([*SAMPLE, ""]), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="orders-sample.csv"'
    return answer


@bp.get("/<uuid:import_id>")
@requires(IMPORT)
def show(import_id: uuid.UUID) -> ResponseReturnValue:
    """One import; it refreshes itself while a worker is at it."""
    tx = db.session()
    facts = get_import(tx, import_id, visible_shops(IMPORT))
    return page(
        "imports/show.html",
        block="moving",
        facts=facts,
        row=facts.row,
        refresh_s=REFRESH_S if facts.row.state in BUSY else 0,
        progress=_progress(facts),
        faults=[(place_words(each.line, each.column), fault_words(each.code, each.facts)) for each in facts.faults],
        problems=[(each, problem_words(each.problem)) for each in facts.problems],
        plan=plan_words(facts.row.plan),
        next_undoing_at=next_undoing_at(tx, facts.row.shop_id),
        may_discard=facts.row.state in deciding.MAY_BE_LEFT or facts.row.state is S.APPLYING,
    )


@bp.post("/<uuid:import_id>/confirm")
@requires(IMPORT)
def confirm(import_id: uuid.UUID) -> ResponseReturnValue:
    """Bring the orders in."""
    return _decided(import_id, deciding.confirm)


@bp.post("/<uuid:import_id>/discard")
@requires(IMPORT)
def discard(import_id: uuid.UUID) -> ResponseReturnValue:
    """Leave it."""
    return _decided(import_id, deciding.discard)


def _decided(import_id: uuid.UUID, decide: object) -> ResponseReturnValue:
    db.session.rollback()
    try:
        decide(import_id, visible_shops(IMPORT), Actor(current().user_id, Via.WEB))  # type: ignore[operator]
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
    return see_other(url_for("imports.show", import_id=import_id))


def _progress(facts: ImportFacts) -> str:
    row = facts.row
    done = row.rows_read if row.state is S.CHECKING else row.step_rows
    total = {S.APPLYING: row.rows_new, S.TAKING_BACK: row.rows_new, S.FINISHING: row.rows_changed + row.payments}
    if row.state is S.READING:
        return _("%(done)d of %(total)d payments read", done=done, total=row.payments)
    if total.get(row.state):
        return _("%(done)d of %(total)d lines", done=min(done, total[row.state]), total=total[row.state])
    return _("%(done)d lines so far", done=done) if row.state in BUSY and done else ""


def _empty_form() -> ImportForm:
    form = ImportForm(formdata=None, request_id=str(uuid.uuid4()))
    form.offer(shops.visible(db.session(), visible_shops(IMPORT)))
    return form


def _too_large() -> ResponseReturnValue:
    form = _empty_form()
    form.refuse("file", _("The file must have %(most)d MiB or less. Part it into several.", most=LARGEST_FILE // 2**20))
    return _index(form, 413)


def _index(form: ImportForm, status: int = 200) -> ResponseReturnValue:
    tx = db.session()
    chosen = sorted(shops_in_view(IMPORT))
    return page(
        "imports/index.html",
        status=status,
        form=form,
        imports=list_imports(tx, chosen, current().mode),
        columns=COLUMNS,
        required=REQUIRED,
        statuses=[each.code for each in statuses_of(tx, chosen[0])] if len(chosen) == 1 else [],
        most_mib=LARGEST_FILE // 2**20,
        most_lines=MOST_RECORDS,
    )
