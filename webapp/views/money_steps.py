"""Form, check, send: the same three steps for every action that files an operation.

The check page has an address of its own, so that the browser's back and reload buttons may open it: what was typed is
kept on the server for it. It also holds everything in hidden fields, so that "Change" brings all of it back, without
scripts too. Only `send` files anything, once per request id (R16).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import MultiDict

from providers.planning import WishKind
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import wish_words
from webapp.formatting.money_words import why_not
from webapp.forms.money import MoneyForm
from webapp.htmx import page, see_other
from webapp.models import Via
from webapp.security import check_right, current, visible_shops
from webapp.services import drafts
from webapp.services.audit import Actor
from webapp.services.errors import NotAvailable, RuleBroken
from webapp.services.operations.planning import PlannedWish, file_wish
from webapp.services.operations.wishes import Made, WishFacts, find_by_request, get_facts

CLOSED = frozenset({"frozen", "not_available"})
STATUS_OF_RULE = {"disk_full": 503}


@dataclass(frozen=True, slots=True)
class Steps:
    """One action: `folder` holds its templates `create.html` and `check.html` and names its blueprint.

    `permissions` are all needed; `form` makes the form for the facts of a payment.
    """

    kind: WishKind
    permissions: tuple[Permission, ...]
    form: Callable[..., Any]
    folder: str

    def facts(self, payment_id: uuid.UUID) -> WishFacts:
        """The payment, if the person may do this to it. Else the pages 404 or "who can"."""
        facts = get_facts(db.session(), payment_id, visible_shops(), current().mode, self.kind)
        for permission in self.permissions:
            check_right(permission, facts.payment.shop_id)
        return facts

    def show(self, facts: WishFacts, form: MoneyForm | None = None, status: int = 200) -> ResponseReturnValue:
        """The form, or why it is closed."""
        return self._page("create", facts, form or self.form(facts), status)

    def take(self, facts: WishFacts) -> ResponseReturnValue:
        """What the form sent: the check page; the form again for "Change" or with errors."""
        form: MoneyForm = self.form(facts)
        if (seen := self._seen(form, facts)) is not None:
            return seen
        if "change" in request.form:
            return self._keep(facts, form, "create")
        is_good, is_fresh = form.validate_on_submit(), form.has_fresh_amount()
        if not is_fresh or not facts.is_open:
            return self.show(facts, form, 409)
        if not is_good:
            return self.show(facts, form, 422)
        return self._keep(facts, form, "check")

    def check(self, facts: WishFacts) -> ResponseReturnValue:
        """The check page of what was typed; the result once it is filed, the form when it is forgotten."""
        place = self._place(facts, request.args.get("draft", ""))
        if place is None:
            return see_other(self._address("create", facts))
        made = find_by_request(db.session(), place.request_id, facts.payment.id)
        if made is not None:
            return see_other(result_address(made))
        answers = drafts.find(db.session(), place)
        if answers is None:
            return see_other(self._address("create", facts))
        form: MoneyForm = self.form(facts, formdata=MultiDict({**answers, "csrf_token": generate_csrf()}))
        is_good, is_fresh = form.validate(), form.has_fresh_amount()
        if not (is_good and is_fresh and facts.is_open):
            return self.show(facts, form, 409)
        return self._page("check", facts, form, 200)

    def open(self, facts: WishFacts) -> ResponseReturnValue:
        """The empty form, or with what was typed into it before the check page."""
        place = self._place(facts, request.args.get("draft", ""))
        answers = None if place is None else drafts.find(db.session(), place)
        return self.show(facts, None if answers is None else self.form(facts, formdata=MultiDict(answers)))

    def _keep(self, facts: WishFacts, form: MoneyForm, step: str) -> ResponseReturnValue:
        place = self._place(facts, form.request_id.data or "")
        if place is None:
            return self.show(facts, form)  # an id that was tampered with: nothing to keep it under
        answers = {name: value for name, value in request.form.items() if name in form and name != "csrf_token"}
        db.session.rollback()  # let go of the read lock before the write
        try:
            drafts.keep(place, answers)
        except RuleBroken as refusal:
            return self._refused(facts.payment.id, refusal)
        anchor = request.form.get("change")
        return see_other(self._address(step, facts, draft=str(place.request_id), _anchor=anchor))

    def _place(self, facts: WishFacts, request_id: str) -> drafts.Place | None:
        user_id = current().user_id
        try:
            wish_id = uuid.UUID(request_id)
        except ValueError:
            return None
        return drafts.Place(wish_id, user_id, facts.payment.id, self.kind)

    def _address(self, step: str, facts: WishFacts, **query: Any) -> str:
        return url_for(f"{self.folder}.{step}", payment_id=facts.payment.id, **query)

    def send(self, facts: WishFacts) -> ResponseReturnValue:
        """File the wish and go on to its result; the form again where a rule forbids it."""
        form: Any = self.form(facts)
        if (seen := self._seen(form, facts)) is not None:
            return seen
        if not form.validate_on_submit():
            status = 422 if form.has_fresh_amount() else 409
            return self.show(facts, form, status)
        wish: PlannedWish = form.command(Actor(current().user_id, Via.WEB))
        db.session.rollback()  # let go of the read lock before the write
        try:
            filed = file_wish(wish)
        except RuleBroken as refusal:
            return self._refused(wish.payment_id, refusal)
        drafts.forget(wish.request_id)
        if not filed.operation_ids:  # the payment is as wished already: the form says why it is closed
            return see_other(url_for(f"{self.folder}.create", payment_id=wish.payment_id))
        several_of = filed.wish_id if len(filed.operation_ids) > 1 else None
        return see_other(result_address(Made(filed.operation_ids[0], several_of)))

    def _refused(self, payment_id: uuid.UUID, refusal: RuleBroken) -> ResponseReturnValue:
        facts = self.facts(payment_id)
        form: MoneyForm = self.form(facts)
        if refusal.code in CLOSED:
            if facts.is_open and isinstance(refusal, NotAvailable):
                form.refuse("", why_not(refusal.why))
            return self.show(facts, form, 409)
        status = form.take_refusal(refusal)
        return self.show(facts, form, STATUS_OF_RULE.get(refusal.code, status))

    def _seen(self, form: MoneyForm, facts: WishFacts) -> ResponseReturnValue | None:
        """The result page of what this form did already: double click, second tab, back button."""
        if form.wish_id is None:
            return None
        made = find_by_request(db.session(), form.wish_id, facts.payment.id)
        return None if made is None else see_other(result_address(made))

    def _page(self, name: str, facts: WishFacts, form: MoneyForm, status: int) -> ResponseReturnValue:
        template = f"{self.folder}/{name}.html"
        order_href = order_address(facts.order.id)
        currency, minor = facts.payment.currency, form.amount_minor
        steps = facts.plan.steps if minor in (None, facts.available_minor) else ()
        return page(
            template,
            status=status,
            facts=facts,
            payment=facts.payment,
            form=form,
            address=self._address("create", facts),
            planned=[wish_words.step_words(step, currency) for step in steps],
            why_these=wish_words.why_these(steps),
            order_href=order_href,
        )


def result_address(made: Made) -> str:
    """Where the result stands: of the wish where it has several steps, else of its one operation."""
    if made.several_of is not None:
        return url_for("wishes.show", wish_id=made.several_of)
    return url_for("operations.show", operation_id=made.operation_id)


def order_address(order_id: uuid.UUID) -> str:
    """Address of the order's page; "" in a desk that has none."""
    return url_for("orders.show", order_id=order_id) if "orders.show" in current_app.view_functions else ""
