"""The order list, on the page and as a file."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.domain.payment_state import PaymentState
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting.csv_file import BYTE_ORDER_MARK, csv_line
from webapp.formatting.money_words import method_title, provider_name
from webapp.formatting.words import state_tag
from webapp.htmx import in_step, is_htmx, page, see_other
from webapp.models import Mode
from webapp.security import current, requires, shops_in_view
from webapp.services.orders.choices import choices
from webapp.services.orders.cursors import read_cursor
from webapp.services.orders.filters import OrderFilter
from webapp.services.orders.listing import MOST_COUNTED, all_orders, find_by_number, is_partial, list_orders
from webapp.services.orders.rows import OrderRow
from webapp.views.orders import bp
from webapp.views.orders.addressing import chips_of, filter_of, read_address

SHOWN_STATES = tuple(state for state in PaymentState if state is not PaymentState.CAPTURE_SCHEDULED)


@bp.get("")
@requires(Permission.VIEW)
def index() -> ResponseReturnValue:
    """One page of the list; a search for exactly one order's number goes straight to that order."""
    tx = db.session()
    asked = read_address()
    wanted = filter_of(asked)
    if asked.only_searches and not is_htmx():
        found = find_by_number(tx, wanted)
        if found is not None:
            return see_other(url_for("orders.show", order_id=found))
    cursor = read_cursor(request.args.get("at", ""))
    orders = list_orders(tx, wanted, cursor)
    possible = choices(tx, shops_in_view(), wanted.mode)
    answer = page(
        "orders/index.html",
        block="list",
        asked=asked,
        orders=orders,
        choices=possible,
        chips=chips_of(asked, possible),
        states=[(state.value, state_tag(state).word) for state in SHOWN_STATES],
        providers=[(name, provider_name(name)) for name in possible.providers],
        methods=[(name, method_title(name)) for name in possible.methods],
        most_counted=MOST_COUNTED,
        newer=asked.address(at=orders.newer.text()) if orders.newer else "",
        older=asked.address(at=orders.older.text()) if orders.older else "",
        may_add=bool(shops_in_view(Permission.ADD_PAYMENT)),
        has_many_shops=len(possible.shops) > 1,
    )
    return in_step(answer, asked.address(at=cursor.text() if cursor else ""))


@bp.get("/export.csv")
@requires(Permission.VIEW)
def export() -> ResponseReturnValue:
    """The same rows as a file, every page of them; amounts as plain decimals beside their currency.

    A search whose text finds too many gives no file, which would lack some: the page says so.
    """
    asked = read_address()
    wanted = filter_of(asked)
    if is_partial(db.session(), wanted):
        return see_other(asked.address())
    words = {state: str(state_tag(state).word) for state in PaymentState}
    heads = [
        _("Order"),
        _("Shop"),
        _("Mode"),
        _("Ordered at (UTC)"),
        _("Order status"),
        _("Buyer"),
        _("Currency"),
        _("Total (minor units)"),
        _("Captured (minor units)"),
        _("Refunded (minor units)"),
        _("Payment state"),
        _("Method"),
        _("Provider reference"),
        _("Needs attention"),
    ]
    yes, mode = _("yes"), current().mode
    lines = _lines(wanted, heads, words, mode, yes)
    answer = Response(lines, mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="orders.csv"'
    return answer


def _lines(
    wanted: OrderFilter, heads: list[str], words: dict[PaymentState, str], mode: Mode, yes: str
) -> Iterator[str]:
    yield BYTE_ORDER_MARK + csv_line(heads)
    for row in all_orders(wanted):
        yield csv_line(_cells(row, words, mode, yes))


def _cells(row: OrderRow, words: dict[PaymentState, str], mode: Mode, yes: str) -> list[str | int]:
    return [
        row.number,
        row.shop,
        mode.value,
        row.ordered_at.isoformat(timespec="seconds"),
        row.status,
        row.buyer,
        row.currency,
        row.total_minor,
        sum(payment.captured_minor for payment in row.payments),
        sum(payment.refunded_minor for payment in row.payments),
        "; ".join(words[payment.state] for payment in row.payments),
        "; ".join(payment.method for payment in row.payments),
        "; ".join(payment.provider_ref for payment in row.payments),
        yes if row.needs_attention else "",
    ]
