"""Provider accounts: settings, write-only credentials, connection check, and the breaker closed by hand."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from providers import registry
from providers.infos import WEBHOOK_SECRET, WEBHOOK_SECRET_BEFORE
from webapp.domain.permissions import Permission
from webapp.models import Mode, ProviderAccount, Via
from webapp.services import accounts, audit, runtime
from webapp.services.editing import change
from webapp.services.errors import NoRight, RuleBroken
from webapp.services.methods.fetching import NoOffers, SyncCode, fetch_offers
from webapp.services.sessions import SignedIn
from webapp.services.unit_of_work import Tx, in_transaction, reading
from webapp.services.vault import VaultError, credential_place


@dataclass(frozen=True, slots=True)
class AccountCommand:
    """What an account is made of. In `credentials` an empty value keeps what is stored."""

    shop_id: uuid.UUID
    provider: str
    mode: Mode
    name: str
    host: str
    credentials: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How the connection check went: GOOD, CREDENTIALS, UNREACHABLE, UNCLEAR or UNREADABLE_KEYS."""

    verdict: SyncCode
    methods: tuple[str, ...] = ()


def visible(tx: Tx, shops: Collection[uuid.UUID]) -> Sequence[ProviderAccount]:
    """The accounts of those shops."""
    order = ProviderAccount.shop_id, ProviderAccount.mode, ProviderAccount.name
    return tx.scalars(select(ProviderAccount).where(ProviderAccount.shop_id.in_(shops)).order_by(*order)).all()


def names_of(tx: Tx, account_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """Name and provider of those accounts."""
    named = select(ProviderAccount.id, ProviderAccount.name, ProviderAccount.provider)
    return {row.id: (row.name, row.provider) for row in tx.execute(named.where(ProviderAccount.id.in_(account_ids)))}


def create(actor: SignedIn, command: AccountCommand) -> uuid.UUID:
    """A new account. Raises NoRight, RuleBroken("name_taken", "unknown_host" or "credentials_missing")."""
    _check(actor, command.shop_id)
    _check_host(command)

    def work(tx: Tx) -> uuid.UUID:
        if _same_name(tx, command):
            raise RuleBroken("name_taken")
        account = ProviderAccount(
            id=uuid.uuid4(),
            shop_id=command.shop_id,
            provider=command.provider,
            mode=command.mode,
            name=command.name,
            host=command.host,
            webhook_token=secrets.token_urlsafe(24),
            settings=dict(command.settings),
            created_at=runtime.current().clock.now(tx),
        )
        account.credentials = _sealed(account, command.credentials, {})
        _check_complete(account)
        tx.add(account)
        tx.flush()
        details = {"provider": command.provider, "mode": command.mode.value, "host": command.host}
        _note(tx, actor, "account.created", account, details)
        return account.id

    return in_transaction(work)


def edit(actor: SignedIn, account_id: uuid.UUID, version: int, command: AccountCommand) -> None:
    """Change name, host, settings and the credentials that are given. Raises as `create`, and StaleVersion."""
    _check(actor, command.shop_id)
    _check_host(command)

    def work(tx: Tx) -> None:
        account = tx.get_one(ProviderAccount, account_id)
        if _same_name(tx, command) not in (None, account_id):
            raise RuleBroken("name_taken")
        credentials = _sealed(account, command.credentials, account.credentials)
        details = {
            "name": [account.name, command.name],
            "host": [account.host, command.host],
            "settings": [account.settings, dict(command.settings)],
            "credentials_replaced": sorted(name for name, value in command.credentials.items() if value),
        }
        values: dict[str, object] = {"name": command.name, "host": command.host, "settings": dict(command.settings)}
        if command.credentials.get(WEBHOOK_SECRET):
            _keep_secret_before(account, credentials)
            values["webhook_secret_since"] = runtime.current().clock.now(tx)
        change(tx, ProviderAccount, account_id, version, credentials=credentials, **values)
        _note(tx, actor, "account.changed", account, details)

    in_transaction(work)


def close_breaker(actor: SignedIn, account: ProviderAccount, version: int) -> None:
    """Let fresh sends go on, by a person's decision. Raises StaleVersion or NoRight."""
    _check(actor, account.shop_id)

    def work(tx: Tx) -> None:
        change(tx, ProviderAccount, account.id, version, breaker_opened_at=None, breaker_reason=None)
        _note(tx, actor, "account.breaker_closed", account, {"reason": account.breaker_reason})

    in_transaction(work)


def check_connection(actor: SignedIn, account_id: uuid.UUID) -> CheckResult:
    """One read at the provider with the stored credentials; changes nothing there. Raises NoRight."""
    with reading() as tx:
        row = tx.get_one(ProviderAccount, account_id)
        _check(actor, row.shop_id)
        account = accounts.account_of(row)
    try:
        offers = fetch_offers(account)
    except NoOffers as failure:
        return CheckResult(failure.code)
    return CheckResult(SyncCode.GOOD, tuple(sorted({offer.slug for offer in offers})))


def _check(actor: SignedIn, shop_id: uuid.UUID) -> None:
    if not actor.may(Permission.MANAGE_ACCOUNTS, shop_id):
        raise NoRight(Permission.MANAGE_ACCOUNTS, shop_id)


def _check_host(command: AccountCommand) -> None:
    if command.host not in runtime.current().providers.hosts(command.provider):
        raise RuleBroken("unknown_host")


def _same_name(tx: Tx, command: AccountCommand) -> uuid.UUID | None:
    return tx.scalar(
        select(ProviderAccount.id).where(
            ProviderAccount.shop_id == command.shop_id,
            ProviderAccount.provider == command.provider,
            ProviderAccount.mode == command.mode,
            ProviderAccount.name == command.name,
        )
    )


def _sealed(account: ProviderAccount, given: Mapping[str, str], kept: Mapping[str, str]) -> dict[str, str]:
    vault = runtime.current().vault
    fresh = {
        name: vault.seal(value, credential_place(account.id, account.provider, name))
        for name, value in given.items()
        if value
    }
    return {**kept, **fresh}


def _keep_secret_before(account: ProviderAccount, credentials: dict[str, str]) -> None:
    """The provider may repeat messages that the old webhook secret signed (R34); receiving says for how long."""
    before = account.credentials.get(WEBHOOK_SECRET)
    if before is None:
        return
    vault, name = runtime.current().vault, WEBHOOK_SECRET_BEFORE
    try:
        plain = vault.open(before, credential_place(account.id, account.provider, WEBHOOK_SECRET))
    except VaultError:
        return  # no key opens it any more: people are entering it again for that very reason
    credentials[name] = vault.seal(plain, credential_place(account.id, account.provider, name))


def _check_complete(account: ProviderAccount) -> None:
    needed = {each.name for each in registry.describe(account.provider).credentials if each.required}
    if not needed <= account.credentials.keys():
        raise RuleBroken("credentials_missing")


def _note(tx: Tx, actor: SignedIn, action: str, account: ProviderAccount, details: Mapping[str, object]) -> None:
    who, now = audit.Actor(actor.user_id, Via.WEB), runtime.current().clock.now(tx)
    subject = ("provider_account", account.id)
    audit.write(tx, who, action, subject, shop_id=account.shop_id, details=details, at=now)
