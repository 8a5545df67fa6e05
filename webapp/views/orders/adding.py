"""What people write on the order pages: notes, and payments taken in by the provider's reference."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound, ProviderError, ProviderUnavailable
from providers.money import MoneyError
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting.money_words import provider_name
from webapp.forms.orders import AddPaymentForm, NoteForm
from webapp.htmx import page, see_other
from webapp.models import ProviderAccount, Via
from webapp.security import check_right, current, requires, shops_in_view, visible_shops
from webapp.services.audit import Actor
from webapp.services.errors import RuleBroken
from webapp.services.orders import notes
from webapp.services.orders.accounts import accounts_of
from webapp.services.orders.page import get_order
from webapp.services.payments import adding
from webapp.services.payments.adding import Addition
from webapp.services.vault import VaultError
from webapp.views.orders import bp
from webapp.views.orders.showing import order_page


@bp.post("/<uuid:order_id>/notes")
@requires(Permission.VIEW)
def add_note(order_id: uuid.UUID) -> ResponseReturnValue:
    """Write a note and go back to the order."""
    facts = get_order(db.session(), order_id, visible_shops())
    check_right(Permission.WRITE_NOTE, facts.order.shop_id)
    form = NoteForm()
    if not form.validate_on_submit():
        return order_page(facts, form, status=422)
    db.session.rollback()
    person = current()
    notes.add_note(
        notes.Noting(
            actor=Actor(person.user_id, Via.WEB),
            author_id=person.user_id,
            shop_ids=visible_shops(Permission.WRITE_NOTE),
            order_id=order_id,
            note_id=form.chosen_id(),
            text=form.text.data or "",
        )
    )
    flash(_("The note is written."))
    return see_other(url_for("orders.show", order_id=order_id))


@bp.route("/add-payment", methods=["GET", "POST"])
@requires(Permission.ADD_PAYMENT)
def add_payment() -> ResponseReturnValue:
    """Fetch a payment from its provider and take it into the desk."""
    form = AddPaymentForm()
    accounts = accounts_of(db.session(), shops_in_view(Permission.ADD_PAYMENT), current().mode)
    form.account_id.choices = _choices(accounts)
    known = {str(account.id): account for account, _shop in accounts}
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        account = known[str(form.account_id.data)]
        addition = _addition(form, account)
        provider = provider_name(account.provider)
        db.session.rollback()  # no transaction stays open while the provider is called
        order_id = _fetch(addition, form, provider)
        if order_id is not None:
            flash(_("The payment is in Paydesk."))
            return see_other(url_for("orders.show", order_id=order_id))
    return page("orders/add_payment.html", block="form", status=status, form=form, has_accounts=bool(accounts))


def _choices(accounts: Sequence[tuple[ProviderAccount, str]]) -> list[tuple[str, str]]:
    named = [(str(account.id), f"{shop} – {account.name}") for account, shop in accounts]
    return named if len(named) == 1 else [("", _("Choose an account")), *named]


def _addition(form: AddPaymentForm, account: ProviderAccount) -> Addition:
    return Addition(
        actor=Actor(current().user_id, Via.WEB),
        shop_id=account.shop_id,
        account_id=account.id,
        provider_ref=form.provider_ref.data or "",
        order_number=form.order_number.data or None,
    )


def _fetch(addition: Addition, form: AddPaymentForm, provider: str) -> uuid.UUID | None:
    """The order's id; None when it could not be, and the form then says why."""
    try:
        return adding.add_payment(addition)
    except RuleBroken as refusal:
        _refuse(form, refusal)
    except PaymentNotFound:
        form.refuse(
            "provider_ref",
            _("%(provider)s knows no payment with this reference in this account. Check both.", provider=provider),
        )
    except (CredentialsRefused, VaultError):
        form.refuse(
            "account_id",
            _("%(provider)s refused the account's keys. An admin has to check them.", provider=provider),
        )
    except (ProviderUnavailable, OutcomeUnknown):
        form.refuse(
            "", _("%(provider)s does not answer now. Nothing was taken in. Try again later.", provider=provider)
        )
    except (ProviderError, MoneyError):
        form.refuse("", _("%(provider)s sent an answer that Paydesk cannot read. Tell your admin.", provider=provider))
    return None


def _refuse(form: AddPaymentForm, refusal: RuleBroken) -> None:
    if refusal.code == "no_order_number":
        form.refuse("order_number", _("Enter an order number, because the provider holds none for this payment"))
    elif refusal.code == "currency_differs":
        text = _("The order is in %(order)s, but the payment in %(payment)s. Use another order number", **refusal.facts)
        form.refuse("order_number", text)
    elif refusal.code == "order_coming_in":
        form.refuse("order_number", _("An import is bringing this order in. Try again when it is over"))
    else:
        form.refuse("", _("The shop has no order statuses yet. An admin has to add them."))
