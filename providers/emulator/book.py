"""Where accounts, payments and effects stand: plain state in one process, without HTTP, threads or locks."""

import string
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from random import Random
from uuid import UUID

from .clock import Clock
from .records import Account, Cause, Effect, Payment, Refused
from .store import Journal, NoJournal
from .watch import Watch

ALPHABET = string.ascii_lowercase + string.digits
KEPT_VERSIONS = 16

Listener = Callable[[Effect, Payment], None]


class Book:
    """Accounts, payments and effects of all providers."""

    def __init__(self, clock: Clock, random: Random, journal: Journal | None = None) -> None:
        self.clock = clock
        self.random = random
        self.journal: Journal = journal or NoJournal()
        self.accounts: dict[str, Account] = {}
        self.payments: dict[str, Payment] = {}
        self.effects: list[Effect] = []
        self.listeners: list[Listener] = []
        self.watch = Watch()
        self._account_by_key: dict[tuple[str, str], str] = {}
        self._history: dict[str, list[tuple[datetime, Payment]]] = {}
        self._by_account: dict[str, list[str]] = {}
        self._by_order: dict[tuple[str, str], list[str]] = {}

    def new_ref(self) -> str:
        """A fresh id of 25 lower-case letters and digits."""
        return "".join(self.random.choices(ALPHABET, k=25))

    def new_uuid(self) -> str:
        """A fresh random UUID, from the same source as `new_ref`."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    # accounts

    def open_account(self, account: Account) -> Account:
        """Add an account, or replace the settings of the one with the same provider and secret key."""
        known = self._account_by_key.get((account.provider, account.secret_key))
        account = replace(account, id=known or account.id or "acc_" + self.new_ref())
        self.restore_account(account)
        self.journal.save("account", account.id, account)
        return account

    def restore_account(self, account: Account) -> None:
        """Put an account in its place without writing it down."""
        self.accounts[account.id] = account
        self._account_by_key[account.provider, account.secret_key] = account.id

    def find_account(self, provider: str, key_or_id: str) -> Account | None:
        """The account with this id or this secret key."""
        account_id = self._account_by_key.get((provider, key_or_id), key_or_id)
        found = self.accounts.get(account_id)
        return found if found is not None and found.provider == provider else None

    # reading

    def get(self, reference: str) -> Payment:
        """The payment as it stands; `Refused("not_found")` when there is none."""
        try:
            return self.payments[reference]
        except KeyError:
            raise Refused("not_found", "There is no such payment.") from None

    def as_of(self, reference: str, moment: datetime) -> Payment:
        """The payment as it stood at `moment`, or its first known state when it is younger than that."""
        versions = self._history[reference]
        earlier = [payment for at, payment in versions if at <= moment]
        return earlier[-1] if earlier else versions[0][1]

    def of_account(self, account_id: str, order_number: str | None = None) -> list[Payment]:
        """An account's payments, newest first; only those of one order when `order_number` is given."""
        if order_number is None:
            references = self._by_account.get(account_id, [])
        else:
            references = self._by_order.get((account_id, order_number), [])
        return [self.payments[reference] for reference in reversed(references)]

    # keeping

    def restore_payment(self, payment: Payment) -> None:
        """Put a payment in its place without writing it down."""
        if payment.reference not in self.payments:
            self._by_account.setdefault(payment.account, []).append(payment.reference)
            if payment.order_number is not None:
                self._by_order.setdefault((payment.account, payment.order_number), []).append(payment.reference)
        self.payments[payment.reference] = payment
        versions = self._history.setdefault(payment.reference, [])
        versions.append((self.clock.now(), payment))
        del versions[:-KEPT_VERSIONS]

    def restore_effect(self, effect: Effect) -> None:
        """Put an effect in its place without writing it down; its payment has to be there already."""
        self.effects.append(effect)
        self.watch.note(effect, self.payments[effect.reference])

    def keep(self, payment: Payment) -> None:
        """Put a payment in its place and write it down."""
        self.restore_payment(payment)
        self.journal.save("payment", payment.reference, payment)

    def move(self, after: Payment, kind: str, amount_minor: int, cause: Cause) -> Effect:
        """Keep the payment as it is now, record why, and tell the listeners."""
        self.keep(after)
        effect = Effect(
            seq=len(self.effects) + 1,
            at=self.clock.now(),
            provider=after.provider,
            account=after.account,
            reference=after.reference,
            kind=kind,
            amount_minor=amount_minor,
            currency=after.currency,
            source=cause.source,
            key=cause.key,
            request_digest=cause.digest,
            operation=cause.operation,
        )
        self.restore_effect(effect)
        self.journal.save("effect", str(effect.seq), effect)
        for listener in self.listeners:
            listener(effect, after)
        return effect
