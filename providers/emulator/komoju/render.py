"""KOMOJU's objects as JSON (page, sections 2.1, 3, 6, 8)."""

from ..clock import wire_time
from ..pages import HostedPage
from ..records import AUTHORISED, Account, Json, Payment, Refund, RefundRequest

OLD_VERSION = "2024-07-15"
NEW_VERSION = "2025-01-28"


def payment_json(payment: Payment, account: Account, version: str = NEW_VERSION) -> Json:
    """A payment. Under the old version a partial capture shows up as a refund (section 5)."""
    amount, tax = shown_amounts(payment, account, version)
    refunds = [refund_json(entry, payment) for entry in payment.refunds]
    refunded = payment.refunded_minor
    if version == OLD_VERSION and payment.released_minor and payment.captured_at:
        release = Refund(payment.release_ref or "", payment.released_minor, None, payment.captured_at)
        refunds.insert(0, refund_json(release, payment))
        refunded += payment.released_minor
    return {
        "id": payment.reference,
        "resource": "payment",
        "status": "authorized" if payment.status == AUTHORISED else payment.status,
        "amount": amount,
        "tax": tax,
        "payment_method_fee": payment.fee_minor,
        "total": amount + tax + payment.fee_minor,
        "currency": payment.currency,
        "amount_refunded": refunded,
        "customer": None,
        "payment_deadline": wire_time(payment.deadline_at),
        "captured_at": wire_time(payment.captured_at),
        "created_at": wire_time(payment.created_at),
        "external_order_num": payment.order_number,
        "metadata": payment.metadata,
        "description": payment.description,
        "locale": payment.locale,
        "session": payment.page,
        "customer_family_name": None,
        "customer_given_name": None,
        "mcc": None,
        "statement_descriptor": None,
        "payment_details": payment.details,
        "refunds": refunds,
        "refund_requests": [request_json(wish, payment) for wish in payment.refund_requests],
    }


def shown_amounts(payment: Payment, account: Account, version: str) -> tuple[int, int]:
    """Amount before tax, and tax. After a partial capture the captured ones, unless told otherwise."""
    as_authorised = version == OLD_VERSION or account.switches.get("partial_capture_shows") == "authorised"
    if not payment.released_minor or payment.captured_at is None or as_authorised:
        return payment.amount_minor, payment.tax_minor
    tax = payment.captured_tax_minor
    return payment.captured_minor - tax - payment.fee_minor, tax


def refund_json(entry: Refund, payment: Payment) -> Json:
    """A refund entry; its amount includes tax."""
    return {
        "id": entry.id,
        "resource": "refund",
        "amount": entry.amount_minor,
        "currency": payment.currency,
        "payment": payment.reference,
        "description": entry.description,
        "created_at": wire_time(entry.created_at),
        "chargeback": entry.chargeback,
    }


def request_json(wish: RefundRequest, payment: Payment) -> Json:
    """A refund request with the bank data it was made with (section 6)."""
    return {
        "id": wish.id,
        "payment": payment.reference,
        **wish.bank,
        "description": wish.description,
        "status": wish.status,
        "created_at": wire_time(wish.created_at),
    }


def session_json(page: HostedPage, expired: bool, payment: Json | None) -> Json:
    """A hosted page; `payment` is absent until a buyer has tried."""
    done = page.completed_at is not None
    status = "completed" if done else ("cancelled" if page.cancelled_at else "pending")
    session: Json = {
        "id": page.id,
        "resource": "session",
        "mode": "payment",
        "amount": page.amount_minor,
        "currency": page.currency,
        "session_url": page.url,
        "return_url": page.return_url,
        "default_locale": page.locale,
        "payment_methods": [] if done else [offered_json(slug, page) for slug in page.methods or []],
        "created_at": wire_time(page.created_at),
        "cancelled_at": wire_time(page.cancelled_at),
        "completed_at": wire_time(page.completed_at),
        "status": status,
        "expired": expired,
        "metadata": page.metadata,
        **page.shown,
    }
    if payment is not None:
        session["payment"] = payment
    return session


def offered_json(slug: str, page: HostedPage) -> Json:
    """A method as a hosted page offers it."""
    method: Json = {"type": slug, "amount": page.amount_minor, "currency": page.currency}
    method.update({"brands": ["visa", "master"]} if slug == "credit_card" else {"offsite": True})
    return method


def list_json(rows: list[Json], resource: str, query: dict[str, str], page: int, per_page: int) -> Json:
    """One page of a list, with the rows under `data` (section 2.1)."""
    first = (page - 1) * per_page
    return {
        "resource": resource,
        "total": len(rows),
        "page": page,
        "per_page": per_page,
        "last_page": max(1, -(-len(rows) // per_page)),
        "start_time": query.get("start_time"),
        "end_time": query.get("end_time"),
        "data": rows[first : first + per_page],
    }


def event_json(event_id: str, event_type: str, data: Json | None, created_at: str | None) -> Json:
    """An event as it is delivered (section 10)."""
    event: Json = {"id": event_id, "type": event_type, "resource": "event"}
    if data is not None:
        event.update(data=data, created_at=created_at, reason=None)
    return event
