"""Home: what waits for the person, and the sums of the last days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from flask import Blueprint, current_app, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.alerts import AlertKind
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import reader_zone
from webapp.htmx import page
from webapp.security import current, shops_in_view, signed_in, visible_shops
from webapp.services import home, runtime
from webapp.services.home import Waiting
from webapp.views import mails

bp = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class Heap:
    """One tile: how many wait, in words, and where they are; `href` is empty where there is no page to open."""

    count: int
    words: str
    colour: str
    href: str


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """What waits for the person, and the sums of the last days."""
    tx, person = db.session(), current()
    now = runtime.current().clock.now(tx)
    zone = reader_zone()
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)
    seen = shops_in_view(Permission.VIEW)
    managed, sees_desk = shops_in_view(Permission.MANAGE_ACCOUNTS), bool(visible_shops(Permission.MANAGE_JOBS))
    of_mails = mails.scope(shops_in_view(Permission.MANAGE_MAILS))
    waiting = home.waiting(tx, seen, managed, of_mails, now, sees_desk=sees_desk)
    return page(
        "home/index.html",
        block="waiting",
        heaps=_heaps(waiting),
        waiting=waiting,
        turnover=home.turnover(tx, seen, person.mode, midnight),
        has_shops=bool(person.grants),
        managed=managed,
    )


def _heaps(waiting: Waiting) -> list[Heap]:
    here = [
        Heap(waiting.unknown, _("Results that we do not know yet"), "violet", _address("operations.unknown")),
        Heap(waiting.review, _("Results that need a decision"), "amber", _address("operations.review")),
        Heap(
            waiting.rejected_of_late,
            _("Refunds not done in the last 7 days"),
            "red",
            _address("refunds.index", state="rejected"),
        ),
        Heap(waiting.blocked, _("Held back before sending"), "amber", _address("refunds.index", state="queued")),
        Heap(waiting.overdue_jobs, _("Jobs that have not finished in time"), "red", _address("jobs.index")),
        Heap(
            waiting.given_up_actions,
            _("Actions of an order status that were given up"),
            "red",
            _address("orders.index", attention="1"),
        ),
        Heap(
            waiting.refused_mails,
            _("Mails of the last 7 days that did not arrive, or maybe not"),
            "amber",
            _address("mails.index", state="for_people"),
        ),
        Heap(waiting.cases, _("Cases: our books and a provider differ"), "red", _address("cases.index", state="open")),
        Heap(waiting.frozen, _("Frozen payments"), "red", _address("orders.index", state="held")),
    ]
    return [heap for heap in (*_alerts(waiting), *here) if heap.count]


def _alerts(waiting: Waiting) -> list[Heap]:
    """What stands in no other row."""
    count = waiting.alerts
    return [
        Heap(count[AlertKind.BOOKS], _("Alert: the books do not add up"), "red", _address("jobs.index")),
        Heap(count[AlertKind.AUDIT], _("Alert: the audit chain is broken"), "red", _address("audit.index")),
        Heap(count[AlertKind.OUTBOX], _("Alert: work is not handed to the workers"), "red", _address("jobs.index")),
        Heap(
            count[AlertKind.SIGNATURES],
            _("Alert: messages with a wrong signature"),
            "red",
            _address("webhooks.index", state="refused"),
        ),
    ]


def _address(endpoint: str, **query: Any) -> str:
    return url_for(endpoint, **query) if endpoint in current_app.view_functions else ""
