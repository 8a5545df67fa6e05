"""The audit: who did what, and whether the chain is whole."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.htmx import page
from webapp.security import current, requires, shops_in_view, visible_shops
from webapp.services import audit_list, people, shops, switches
from webapp.services.audit_list import AuditFilter

bp = Blueprint("audit", __name__, url_prefix="/audit")
READ = Permission.READ_AUDIT


@bp.get("")
@requires(READ)
def index() -> ResponseReturnValue:
    """One page of the chain, newest first; filters stand in the address."""
    tx = db.session()
    wanted = _filter()
    rows, has_older = audit_list.entries(tx, shops_in_view(READ), wanted, with_shopless=_sees_all())
    acting = {row.actor_id for row in rows if row.actor_id}
    return page(
        "audit/index.html",
        block="entries",
        entries=rows,
        wanted=wanted,
        actions=audit_list.actions(tx),
        people=people.visible(tx, visible_shops(READ)),
        names=audit_list.names(tx, acting | ({wanted.actor_id} if wanted.actor_id else set())),
        shops={shop.id: shop.name for shop in shops.visible(tx, visible_shops(READ))},
        older=url_for("audit.index", **_query(before=rows[-1].number)) if has_older else "",
        newest=url_for("audit.index", **_query(before=None)) if wanted.before else "",
        without={name: url_for("audit.index", **_query(**{name: None})) for name in ("action", "person", "subject")},
    )


@bp.post("/check")
@requires(READ)
def check() -> ResponseReturnValue:
    """Go through the whole chain; changes nothing."""
    db.session.rollback()
    return page("audit/check.html", block="result", breaks=audit_list.tamper_check())


def _filter() -> AuditFilter:
    return AuditFilter(
        action=request.args.get("action", "")[:80],
        actor_id=request.args.get("person", type=uuid.UUID),
        subject_id=request.args.get("subject", type=uuid.UUID),
        before=request.args.get("before", type=int),
    )


def _query(**changes: object) -> dict[str, Any]:
    present: dict[str, object] = {**request.args.to_dict(), **changes}
    return {name: str(value) for name, value in present.items() if value}


def _sees_all() -> bool:
    """Entries of no shop are for those who read the audit of every shop there is, and look at all of them."""
    return shops_in_view(READ) == visible_shops(READ) and switches.covers_all_shops(db.session(), current(), READ)
