"""A ledger with one account and a clock moved by hand, for tests in one process."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from providers.emulator.ledger import Ledger
from providers.emulator.records import Account, Cause, Payment

API, PORTAL, BUYER = Cause("api"), Cause("portal"), Cause("buyer")
START = datetime(2026, 1, 15, 3, tzinfo=UTC)


class HandClock:
    """A clock that stands still until told otherwise."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment


def new_ledger() -> Ledger:
    """A ledger with the account `acc`."""
    ledger = Ledger(HandClock(), Random(1))
    ledger.open_account(Account("acc", "komoju", "test", "sk"))
    return ledger


def make(ledger: Ledger, **fields: object) -> str:
    """Add a pending payment of 1000; returns its reference."""
    payment = Payment("", "komoju", "acc", "credit_card", "JPY", 1000, START)
    return ledger.add_payment(replace(payment, **fields)).reference


def paid(ledger: Ledger, **fields: object) -> str:
    """Add a captured payment of 1000; returns its reference."""
    reference = make(ledger, **fields)
    ledger.pay(reference, BUYER)
    return reference
