"""Another amount for a payment before it is captured: form with order lines, check, send."""

from __future__ import annotations

import re
import uuid
from typing import cast

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from providers.planning import WishKind
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.forms.amount import amount_form
from webapp.forms.money import MoneyForm
from webapp.forms.order_lines import keys_in, typed, with_one_more, without
from webapp.htmx import is_htmx, page, see_other
from webapp.models import Via
from webapp.security import check_right, current, limit_money_forms, requires, visible_shops
from webapp.services import drafts
from webapp.services.audit import Actor
from webapp.services.errors import NotAvailable, RuleBroken
from webapp.services.operations.amounts import AmountFacts, get_amount_facts
from webapp.services.operations.planning import file_wish
from webapp.services.operations.wishes import WishFacts
from webapp.views.money_steps import Steps, order_address

bp = Blueprint("amounts", __name__)
ADD, SUM, OF_ORDER, OF_PROVIDER = "add", "sum", "order", "provider"
_REMOVE = re.compile(r"remove-([0-9]{1,4})")


class AmountSteps(Steps):
    """As every action, with buttons that edit the lines on the way, and a wish in place of one operation."""

    def facts(self, payment_id: uuid.UUID) -> AmountFacts:
        """The payment, if the person may change its amount. Else the pages 404 or "who can"."""
        facts = get_amount_facts(db.session(), payment_id, visible_shops(), current().mode)
        for permission in self.permissions:
            check_right(permission, facts.payment.shop_id)
        return facts

    def take(self, facts: WishFacts) -> ResponseReturnValue:
        """As every action; a button that edits the lines shows the form again with everything that was typed."""
        wanted = request.form.get("edit", "")
        if not wanted or not facts.is_open:
            return Steps.take(self, facts)
        answers, focus = _edited(request.form.to_dict(), wanted, cast("AmountFacts", facts))
        form = amount_form(cast("AmountFacts", facts), formdata=MultiDict(answers))
        if is_htmx():
            return self._page("create", facts, form, 200, focus=focus)
        place = self._place(facts, form.request_id.data or "")
        if place is None:
            return self.show(facts, form)
        db.session.rollback()  # let go of the read lock before the write
        try:
            drafts.keep(place, {name: value for name, value in answers.items() if name not in {"csrf_token", "edit"}})
        except RuleBroken as refusal:
            return self._refused(facts.payment.id, refusal)
        return see_other(self._address("create", facts, draft=str(place.request_id), _anchor=focus or "lines"))

    def send(self, facts: WishFacts) -> ResponseReturnValue:
        """File the change and go on to its result; where the payment has the amount already, back to the order."""
        form = amount_form(cast("AmountFacts", facts))
        if (seen := self._seen(form, facts)) is not None:
            return seen
        if not form.validate_on_submit():
            return self.show(facts, form, 422 if form.has_fresh_amount() else 409)
        wish = form.command(Actor(current().user_id, Via.WEB))
        db.session.rollback()  # let go of the read lock before the write
        try:
            filed = file_wish(wish)
        except RuleBroken as refusal:
            return self._refused(wish.payment_id, refusal)
        drafts.forget(wish.request_id)
        if not filed.operation_ids:
            return self.show(self.facts(wish.payment_id), None, 409)
        return see_other(url_for("operations.show", operation_id=filed.operation_ids[0]))

    def _refused(self, payment_id: uuid.UUID, refusal: RuleBroken) -> ResponseReturnValue:
        facts = self.facts(payment_id)
        if not isinstance(refusal, NotAvailable) or not facts.is_open:
            return Steps._refused(self, payment_id, refusal)
        form = amount_form(facts)
        return self.show(facts, form, form.take_refusal(refusal))

    def _page(self, name: str, facts: WishFacts, form: MoneyForm, status: int, focus: str = "") -> ResponseReturnValue:
        if focus in form:
            form[focus].render_kw = {"autofocus": True}
        return page(
            f"{self.folder}/{name}.html",
            block="editor" if name == "create" else None,
            status=status,
            facts=facts,
            payment=facts.payment,
            form=form,
            address=self._address("create", facts),
            order_href=order_address(facts.order.id),
            focus=focus,
        )


STEPS = AmountSteps(WishKind.UPDATE, (Permission.CAPTURE,), amount_form, "amounts")


@bp.route("/payments/<uuid:payment_id>/amount", methods=["GET", "POST"])
@requires(Permission.CAPTURE)
def create(payment_id: uuid.UUID) -> ResponseReturnValue:
    """The form; sent, the check page, or the form again with its lines edited."""
    facts = STEPS.facts(payment_id)
    return STEPS.take(facts) if request.method == "POST" else STEPS.open(facts)


@bp.get("/payments/<uuid:payment_id>/amount/check")
@requires(Permission.CAPTURE)
def check(payment_id: uuid.UUID) -> ResponseReturnValue:
    """What the form asked for, to be looked at once more; `?draft=` names the answers."""
    return STEPS.check(STEPS.facts(payment_id))


@bp.post("/payments/<uuid:payment_id>/amount/send")
@requires(Permission.CAPTURE)
@limit_money_forms
def send(payment_id: uuid.UUID) -> ResponseReturnValue:
    """File the change that the check page showed."""
    return STEPS.send(STEPS.facts(payment_id))


def _edited(answers: dict[str, str], wanted: str, facts: AmountFacts) -> tuple[dict[str, str], str]:
    """The answers as the button wants them, and the id of the field to go on with."""
    removed = _REMOVE.fullmatch(wanted)
    if removed:
        return without(answers, int(removed[1])), "add-line"
    if wanted == ADD:
        more, key = with_one_more(answers)
        return more, f"line_{key}_name"
    lines = {OF_ORDER: facts.order_lines, OF_PROVIDER: facts.provider_lines}.get(wanted)
    if not lines:
        return answers, ""
    for key in keys_in(answers):
        answers = without(answers, key)
    return answers | typed(lines, facts.payment.currency), "add-line"
