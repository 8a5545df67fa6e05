"""The page where a buyer pays: choose a method, then pay, fail or give up. Plain HTML, no scripts."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from markupsafe import escape

from ..pages import HostedPage
from ..records import Cause, Payment
from ..wire import Answer
from ..world import World
from .methods import WAITS_FOR_BUYER, usual_details

BUYER = Cause("buyer")


class PayPage:
    """Serves and works the hosted pages."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, method: str, page_id: str, form: dict[str, str]) -> Answer:
        """GET shows the form; POST with `do` (pay, fail, leave) and `method` sends the buyer back."""
        with self._world.lock:
            page = self._world.pages.pages.get(page_id)
            if page is None:
                return _html(404, "<h1>There is no such page</h1>")
            if method == "POST" and form.get("do") == "leave":
                return _back(page)
            if not self._world.pages.open_for_buyer(page):
                return _html(410, "<h1>This page is closed</h1><p>It was paid, cancelled, or its time is over.</p>")
            if method != "POST":
                return _html(200, _form(page))
            if form.get("method") not in (page.methods or []) or form.get("do") not in ("pay", "fail"):
                return _html(400, "<p>Choose a method.</p>" + _form(page))
            return self._attempt(page, form["method"], succeeds=form["do"] == "pay")

    def _attempt(self, page: HostedPage, method: str, succeeds: bool) -> Answer:
        ledger, waits = self._world.ledger, method in WAITS_FOR_BUYER
        payment = ledger.add_payment(
            Payment(
                reference="",
                provider=page.provider,
                account=page.account,
                method=method,
                currency=page.currency,
                amount_minor=page.amount_minor,
                created_at=self._world.clock.now(),
                manual_capture=page.manual_capture and not waits,
                awaits_buyer=waits,
                refund_by_request=waits,
                order_number=page.order_number,
                page=page.id,
                locale=page.locale,
                details=usual_details(method),
            )
        )
        page = replace(page, payment=payment.reference)
        if not succeeds:
            ledger.fail(payment.reference, BUYER)
            self._world.pages.keep(page)
            return _html(402, "<p>The payment failed. Try again.</p>" + _form(page))
        if waits or page.manual_capture:
            ledger.authorise(payment.reference, BUYER)
        else:
            ledger.pay(payment.reference, BUYER)
        return _back(self._world.pages.keep(replace(page, completed_at=self._world.clock.now())))


def _back(page: HostedPage) -> Answer:
    """To the return address with `session_id` appended, whether the buyer finished or gave up."""
    if page.return_url is None:
        return _html(200, "<h1>Thank you</h1><p>You may close this page.</p>")
    parts = urlsplit(page.return_url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("session_id", page.id)])
    return _html(303, "").having(headers={"Location": urlunsplit(parts._replace(query=query))})


def _form(page: HostedPage) -> str:
    choices = "".join(
        f'<p><label><input type="radio" name="method" value="{escape(slug)}"'
        f"{_checked(place)}>"
        f" {escape(slug)}</label></p>"
        for place, slug in enumerate(page.methods or [])
    )
    return (
        f"<h1>Pay {page.amount_minor} {escape(page.currency)}</h1>"
        f"<p>Order {escape(page.order_number or '-')}. In the currency's smallest unit.</p>"
        f'<form method="post"><fieldset><legend>Method</legend>{choices}</fieldset>'
        '<button name="do" value="pay">Pay</button> <button name="do" value="fail">Fail</button>'
        ' <button name="do" value="leave">Give up</button></form>'
    )


def _checked(place: int) -> str:
    return " checked" if place == 0 else ""


def _html(status: int, body: str) -> Answer:
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Emulated payment page</title>'
        f"<main>{body}</main></html>"
    )
    return Answer(status, page.encode(), content_type="text/html; charset=utf-8")
