"""Method sync: take over what an account offers, and leave every decision of the merchant's alone (R30).

The list is fetched with no transaction open (I4) and taken in by one short one. An answer that failed, is empty,
broken or absurdly long changes nothing. A method that vanished is kept and marked, so that its switch and its place
outlast an outage of the provider's.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from sqlalchemy import select

from providers.snapshots import MethodOffer
from webapp.domain import method_list
from webapp.domain.method_list import ListChange
from webapp.models import PaymentMethod, ProviderAccount
from webapp.services import accounts, audit, runtime
from webapp.services.accounts import Account
from webapp.services.audit import Actor
from webapp.services.errors import NotFound
from webapp.services.methods.fetching import NoOffers, SyncCode, fetch_offers
from webapp.services.unit_of_work import Tx, in_transaction, reading

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How one sync of one account went; the counts are 0 unless `code` is GOOD."""

    code: SyncCode
    added: int = 0
    vanished: int = 0
    returned: int = 0
    unchanged: int = 0


def sync_account(account_id: uuid.UUID, actor: Actor) -> SyncResult:
    """Ask the provider once and take its list in; two at once are harmless. Raises NotFound.

    What the provider or the keys do wrong is a code of the result, never an exception.
    """
    account, began_at = _begin(account_id)
    read = _read(account)
    result = in_transaction(lambda tx: _record(tx, account_id, began_at, read, actor))
    log.info("methods_synced", account_id=str(account_id), result=result.code.value)
    return result


def _begin(account_id: uuid.UUID) -> tuple[Account, datetime]:
    with reading() as tx:
        row = tx.get(ProviderAccount, account_id)
        if row is None:
            raise NotFound(f"provider account {account_id}")
        return accounts.account_of(row), runtime.current().clock.now(tx)


def _read(account: Account) -> Sequence[MethodOffer] | SyncCode:
    """A list to act on, or why there is none."""
    try:
        offers = method_list.without_repeats(fetch_offers(account))
    except NoOffers as failure:
        return failure.code
    if not offers:
        return SyncCode.EMPTY
    if len(offers) > method_list.MOST_OFFERS:
        return SyncCode.HUGE
    return offers if all(map(method_list.is_sane, offers)) else SyncCode.BROKEN


def _record(
    tx: Tx, account_id: uuid.UUID, began_at: datetime, read: Sequence[MethodOffer] | SyncCode, actor: Actor
) -> SyncResult:
    """Take the answer in, unless a sync that began later was taken in already: what we hold is the older list."""
    account = tx.get_one(ProviderAccount, account_id, with_for_update={"key_share": True}, populate_existing=True)
    if account.method_sync_at is not None and account.method_sync_at > began_at:
        return SyncResult(SyncCode.OVERTAKEN)
    now = runtime.current().clock.now(tx)
    if isinstance(read, SyncCode):
        result = SyncResult(read)
    else:
        result = _take_in(tx, account, read, now)
        account.methods_read_at = began_at
    account.method_sync_at, account.method_sync_result = began_at, result.code.value
    if account.method_sync_asked_at is not None and account.method_sync_asked_at <= began_at:
        account.method_sync_asked_at = account.method_sync_lease_until = None
    tx.flush()
    details = {name: value for name, value in asdict(result).items() if name == "code" or value}
    audit.write(tx, actor, "methods.synced", _subject(account), shop_id=account.shop_id, details=details, at=now)
    return result


def _subject(account: ProviderAccount) -> tuple[str, uuid.UUID]:
    return "provider_account", account.id


def _take_in(tx: Tx, account: ProviderAccount, offers: Sequence[MethodOffer], now: datetime) -> SyncResult:
    """Add, mark and unmark; `enabled` and `position` of a known method are never written here."""
    query = select(PaymentMethod).where(PaymentMethod.account_id == account.id)
    rows = {(row.slug, row.currency): row for row in tx.scalars(query)}
    change = method_list.compare({key: row.is_offered for key, row in rows.items()}, offers)
    for offer in offers:
        if (row := rows.get((offer.slug, offer.currency))) is not None:
            _describe(row, offer, now)
    for key in change.vanished:
        rows[key].gone_since = now
    next_position = 1 + max((row.position for row in rows.values()), default=-1)
    _add(tx, account, change, next_position, now)
    return SyncResult(SyncCode.GOOD, len(change.added), len(change.vanished), len(change.returned), len(change.still))


def _add(tx: Tx, account: ProviderAccount, change: ListChange, next_position: int, now: datetime) -> None:
    """New methods stand at the end, in the provider's order."""
    starts_on = method_list.new_methods_start_on(account.settings)
    for position, offer in enumerate(change.added, next_position):
        row = PaymentMethod(
            shop_id=account.shop_id,
            account_id=account.id,
            slug=offer.slug,
            currency=offer.currency,
            enabled=starts_on,
            position=position,
            is_new=True,
            first_seen_at=now,
        )
        _describe(row, offer, now)
        tx.add(row)


def _describe(row: PaymentMethod, offer: MethodOffer, now: datetime) -> None:
    """What the provider says about a method that it offers."""
    names = {language: method_list.cleaned(name) for language, name in offer.names.items()}
    row.names = {language: name for language, name in names.items() if name}
    row.subtypes = _few(offer.subtypes)
    row.capabilities = {"can_be_kept": _few(offer.can_be_kept)} if offer.can_be_kept else {}
    row.gone_since = None
    row.last_seen_at = now


def _few(texts: Sequence[str]) -> list[str]:
    return [method_list.cleaned(text) for text in texts[: method_list.MOST_SUBTYPES]]
