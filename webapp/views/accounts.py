"""Provider accounts: list, add, edit, connection check, breaker."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, current_app, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from providers import registry
from providers.infos import EMULATOR
from webapp.domain.permissions import Permission
from webapp.extensions import db
from webapp.formatting import go_live_words
from webapp.formatting.case_words import compared_words
from webapp.forms.accounts import CREDENTIAL, AccountForm, account_form
from webapp.forms.refusals import refusal_text, refuse
from webapp.htmx import page, see_other
from webapp.models import Mode, ProviderAccount
from webapp.security import check_right, current, limit_money_forms, requires, shops_in_view, visible_shops
from webapp.services import go_live as checks
from webapp.services import provider_accounts, providers, runtime, shops
from webapp.services.cases import asking
from webapp.services.errors import RuleBroken
from webapp.services.provider_accounts import AccountCommand

bp = Blueprint("accounts", __name__, url_prefix="/accounts")
MANAGE = Permission.MANAGE_ACCOUNTS


@bp.get("")
@requires(MANAGE)
def index() -> ResponseReturnValue:
    """The accounts of the person's shops."""
    tx = db.session()
    rows = provider_accounts.visible(tx, shops_in_view(MANAGE))
    names = {shop.id: shop.name for shop in shops.visible(tx, visible_shops(MANAGE))}
    known = providers.known()
    titles = {info.name: info.title for info in known}
    return page("accounts/index.html", accounts=rows, shops=names, providers=known, titles=titles)


@bp.route("/new/<provider>", methods=["GET", "POST"])
@requires(MANAGE)
def create(provider: str) -> ResponseReturnValue:
    """A new account at that provider."""
    form = _form(provider)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        command = form.command(provider)
        check_right(MANAGE, command.shop_id)
        try:
            account_id = provider_accounts.create(current(), command)
        except RuleBroken as refusal:
            status = refuse(form, refusal)
        else:
            flash(_("The account is there. Check the connection next."))
            _warn_of_host(command)
            return see_other(url_for("accounts.edit", account_id=account_id))
    info = registry.describe(provider)
    return page("accounts/create.html", block="form", status=status, form=form, info=info)


@bp.route("/<uuid:account_id>", methods=["GET", "POST"])
@requires(MANAGE)
def edit(account_id: uuid.UUID) -> ResponseReturnValue:
    """One account."""
    account = _account(account_id)
    form = _form(account.provider, account)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        command = form.command(account.provider, account)
        try:
            provider_accounts.edit(current(), account.id, form.seen_version, command)
        except RuleBroken as refusal:
            status = refuse(form, refusal)
            db.session.rollback()
            db.session.refresh(account)
        else:
            flash(_("The account is saved."))
            _warn_of_host(command)
            return see_other(url_for("accounts.edit", account_id=account.id))
    return _edit_page(account, form, status)


@bp.post("/<uuid:account_id>/check")
@requires(MANAGE)
def check(account_id: uuid.UUID) -> ResponseReturnValue:
    """One read at the provider."""
    account = _account(account_id)
    db.session.rollback()  # no transaction is open during a call
    db.session.expunge(account)
    result = provider_accounts.check_connection(current(), account_id)
    return page("accounts/check.html", block="result", account=_account(account_id), result=result)


@bp.post("/<uuid:account_id>/go-live")
@requires(MANAGE)
@limit_money_forms
def go_live(account_id: uuid.UUID) -> ResponseReturnValue:
    """Read the payments again by which the checklist could prove more."""
    account, tx = _account(account_id), db.session()
    shop_id, payments = account.shop_id, checks.to_read(checks.checklist(tx, account))
    db.session.rollback()  # no transaction is open during a call
    flash(compared_words(asking.compare(shop_id, payments)))
    return see_other(url_for("accounts.edit", account_id=account_id, _anchor="go-live"))


@bp.post("/<uuid:account_id>/breaker")
@requires(MANAGE)
def close_breaker(account_id: uuid.UUID) -> ResponseReturnValue:
    """Let sends go on."""
    account = _account(account_id)
    try:
        provider_accounts.close_breaker(current(), account, request.form.get("version", 0, type=int))
    except RuleBroken as refusal:
        flash(refusal_text(refusal))
    else:
        flash(_("Sending goes on."))
    return see_other(url_for("accounts.edit", account_id=account_id))


def _warn_of_host(command: AccountCommand) -> None:
    likely = registry.describe(command.provider).likely_hosts(command.credentials)
    if likely and command.host not in {*likely, EMULATOR}:
        hosts = ", ".join(sorted(likely))
        flash(_("These keys look made for another server (%(hosts)s). Check the connection.", hosts=hosts))


def _account(account_id: uuid.UUID) -> ProviderAccount:
    account: ProviderAccount = db.session().get(ProviderAccount, account_id) or abort(404)
    check_right(MANAGE, account.shop_id)
    return account


def _form(provider: str, account: ProviderAccount | None = None) -> AccountForm:
    try:
        info = registry.describe(provider)
    except registry.UnknownProvider:
        abort(404)
    mine = [(str(shop.id), shop.name) for shop in shops.visible(db.session(), visible_shops(MANAGE))]
    return account_form(info, runtime.current().providers.hosts(provider), mine, account)


def _edit_page(account: ProviderAccount, form: AccountForm, status: int) -> ResponseReturnValue:
    shop = next(shop for shop in shops.visible(db.session(), [account.shop_id]))
    info = registry.describe(account.provider)
    public_url = current_app.config["SETTINGS"].public_url
    items = checks.checklist(db.session(), account) if account.mode is Mode.TEST else []
    webhook = f"{public_url}/webhooks/{account.provider}/{account.webhook_token}{info.webhook_query}"
    return page(
        "accounts/edit.html",
        block="form",
        status=status,
        stored={CREDENTIAL + name for name in account.credentials},
        account=account,
        form=form,
        webhook=webhook,
        shop=shop,
        info=info,
        checks=items,
        can_compare=bool(checks.to_read(items)),
        go_live=go_live_words,
        is_here=current().mode is account.mode,
    )
