"""The whole emulator behind one lock: ledger, keys, faults, pages, deliveries, clock and file."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from .clock import SettableClock
from .faults import Fault, FaultPlan
from .idempotency import KeyEntry, KeyStore
from .ledger import Ledger
from .mails import MailBox
from .pages import HostedPage, PageBook
from .records import Account, Effect, Payment
from .store import Store
from .webhooks import Delivery, Outbox
from .wire import Call


@dataclass(frozen=True)
class Settings:
    """What control calls set for all providers at once."""

    offset_seconds: float = 0.0
    latency_ms: int = 0
    automatic_webhooks: bool = True


@dataclass(frozen=True)
class LateEffect:
    """A call whose effect is made at `due_at` (emulator time), long after its connection closed."""

    id: str
    due_at: datetime
    account: str
    call: Call


TYPES = {
    "account": Account,
    "payment": Payment,
    "effect": Effect,
    "key": KeyEntry,
    "page": HostedPage,
    "delivery": Delivery,
    "fault": Fault,
    "late": LateEffect,
    "settings": Settings,
}


class World:
    """One emulator. Hold `lock` around everything but waiting; `stopping` ends every wait early."""

    def __init__(self, data: str = ":memory:", random: Random | None = None) -> None:
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.store = Store(data, TYPES)
        self.random = random or Random()  # noqa: S311  references and chances of a test program
        self.clock = SettableClock()
        self.mails = MailBox()
        self.settings = Settings()
        self._empty()
        self._load()

    def _empty(self) -> None:
        self.ledger = Ledger(self.clock, self.random, self.store)
        self.keys = KeyStore(self.clock, self.store)
        self.faults = FaultPlan(self.random, self.store)
        self.pages = PageBook(self.clock, self.store)
        self.outbox = Outbox(self.clock, self.faults, self.store)
        self.outbox.automatic = self.settings.automatic_webhooks
        self.late: dict[str, LateEffect] = {}

    def _load(self) -> None:
        for _, settings in self.store.load("settings"):
            self.settings = settings
        self.set(self.settings)
        for _, account in self.store.load("account"):
            self.ledger.restore_account(account)
        for _, payment in self.store.load("payment"):
            self.ledger.restore_payment(payment)
        for _, effect in self.store.load("effect"):
            self.ledger.restore_effect(effect)
        for _, entry in self.store.load("key"):
            self.keys.restore(entry)
        for _, page in self.store.load("page"):
            self.pages.restore(page)
        for _, delivery in self.store.load("delivery"):
            self.outbox.restore(delivery)
        for _, fault in self.store.load("fault"):
            self.faults.restore(fault)
        for late_id, late in self.store.load("late"):
            self.late[late_id] = late

    def set(self, settings: Settings) -> None:
        """Take over and keep new settings."""
        self.settings = settings
        self.clock.offset = timedelta(seconds=settings.offset_seconds)
        self.outbox.automatic = settings.automatic_webhooks
        self.store.save("settings", "all", settings)

    def postpone(self, account: Account, call: Call, seconds: float) -> None:
        """Let a call have its effect so many seconds of emulator time from now."""
        due_at = self.clock.now() + timedelta(seconds=seconds)
        late = LateEffect(self.ledger.new_ref(), due_at, account.id, call)
        self.late[late.id] = late
        self.store.save("late", late.id, late)

    def take_due(self) -> list[LateEffect]:
        """Remove and return the late effects whose time has come, earliest first."""
        if not self.late:
            return []
        now = self.clock.now()
        due = sorted((one for one in self.late.values() if one.due_at <= now), key=lambda one: one.due_at)
        for one in due:
            del self.late[one.id]
            self.store.drop("late", one.id)
        return due

    def reset(self) -> None:
        """Forget everything, also in the file; the clock runs with the machine's again."""
        self.store.clear()
        self.settings = Settings()
        self.clock.offset = timedelta(0)
        self.mails.clear()
        self.mails.faults.clear()
        listeners = self.ledger.listeners
        self._empty()
        self.ledger.listeners = listeners

    def close(self) -> None:
        """End every wait, then close the file."""
        self.stopping.set()
        with self.lock:
            self.store.close()
