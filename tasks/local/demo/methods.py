"""The demo's payment methods: an account synced twice, so that one method is new and one is gone; the other never."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update

from webapp.models import PaymentMethod, ProviderAccount
from webapp.services import audit
from webapp.services.methods.syncing import sync_account
from webapp.services.unit_of_work import Tx, in_transaction

Offer = Callable[[list[dict[str, Any]] | None], object]


def _method(slug: str, english: str, japanese: str, **more: Any) -> dict[str, Any]:
    names = {"name_en": english, "name_ja": japanese, "name_ko": english}
    return {"type_slug": slug, "currency": "JPY", **names, **more}


USUAL = [
    _method("credit_card", "Credit Card", "クレジットカード", subtypes=["visa", "master", "jcb", "american_express"]),
    _method("credit_card", "Credit Card", "クレジットカード", subtypes=["visa", "master"]) | {"currency": "USD"},
    _method("konbini", "Konbini", "コンビニ", subtypes=["lawson", "family-mart", "seven-eleven"]),
    _method("bank_transfer", "Bank Transfer", "銀行振込"),
    _method("pay_easy", "Pay-easy", "ペイジー"),
    _method("paypay", "PayPay", "PayPay"),
]
AT_FIRST = [*USUAL, _method("web_money", "WebMoney", "ウェブマネー")]
LATER = [*USUAL, _method("rakutenpay", "Rakuten Pay", "楽天ペイ")]


def make_methods(account_id: uuid.UUID, offer: Offer) -> None:
    """Sync the account once, look at it, switch one method off, and sync it again; what is done is not repeated.

    `offer` tells the emulator what the account offers from now on.
    """
    if not _was_read(account_id):
        offer(AT_FIRST)
        sync_account(account_id, audit.SYSTEM)
        in_transaction(lambda tx: _look(tx, account_id))
    if "rakutenpay" not in _slugs(account_id):
        offer(LATER)
        sync_account(account_id, audit.SYSTEM)


def _was_read(account_id: uuid.UUID) -> bool:
    query = select(ProviderAccount.methods_read_at).where(ProviderAccount.id == account_id)
    return in_transaction(lambda tx: tx.scalar(query)) is not None


def _slugs(account_id: uuid.UUID) -> set[str]:
    query = select(PaymentMethod.slug).where(PaymentMethod.account_id == account_id)
    return in_transaction(lambda tx: set(tx.scalars(query)))


def _look(tx: Tx, account_id: uuid.UUID) -> None:
    mine = update(PaymentMethod).where(PaymentMethod.account_id == account_id)
    tx.execute(mine.values(is_new=False))
    tx.execute(mine.where(PaymentMethod.slug == "pay_easy").values(enabled=False))
