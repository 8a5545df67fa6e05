"""KOMOJU's lists: payments (section 2.1) and past webhook events (section 10), one page per call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from providers.komoju import mapping, notification
from providers.reading import Unreadable, an_object, text, whole_number
from providers.snapshots import Notification, PaymentSnapshot

PER_PAGE = 50
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one call; `next_page` is None on the last page."""

    rows: Sequence[Row]
    next_page: int | None
    total: int


@dataclass(frozen=True, slots=True)
class PaymentQuery:
    """Which payments to list; moments are UTC and bound the creation. KOMOJU refuses status `failed` here."""

    order_number: str | None = None
    statuses: Sequence[str] = ()
    currency: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


def payments_path(query: PaymentQuery, page: int) -> str:
    """Path and query of one page of payments."""
    filters = {
        "external_order_num": query.order_number,
        "status": ",".join(query.statuses),
        "currency": query.currency,
        "start_time": _utc(query.created_after),
        "end_time": _utc(query.created_before),
    }
    return _path("/payments", filters, page)


def events_path(after: datetime | None, before: datetime | None, page: int) -> str:
    """Path and query of one page of events, newest first."""
    return _path("/events", {"start_time": _utc(after), "end_time": _utc(before)}, page)


def payments(answer: Any) -> Page[PaymentSnapshot]:
    """One page of payments. Raises Unreadable."""
    return _page(answer, mapping.snapshot)


def events(answer: Any) -> Page[Notification]:
    """One page of events, as the hints that their webhooks would have been (I13). Raises Unreadable."""
    return _page(answer, event)


def event(row: Any) -> Notification:
    """One event. Raises Unreadable."""
    read = an_object(row, "event")
    return Notification(
        event_id=text(read, "id"),
        delivery_id=None,
        event=text(read, "type"),
        payment_ref=notification.payment_ref(read),
    )


def _page(answer: Any, read_row: Callable[[Any], Row]) -> Page[Row]:
    """The word in `resource` is unconfirmed and not looked at; an empty list's last page may be 0 or 1."""
    listed = an_object(answer, "list")
    rows = listed.get("data")
    if not isinstance(rows, list):
        raise Unreadable("data is not an array")
    number = whole_number(listed, "page")
    return Page(
        rows=[read_row(row) for row in rows],
        next_page=number + 1 if number < whole_number(listed, "last_page") else None,
        total=whole_number(listed, "total"),
    )


def _path(path: str, filters: Mapping[str, str | None], page: int) -> str:
    given = {name: value for name, value in filters.items() if value}
    return f"{path}?{urlencode({**given, 'per_page': PER_PAGE, 'page': page})}"


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
