"""The provider's own store of idempotency keys: first answer again, 409 while running, gone after 24 h."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .clock import Clock
from .store import Journal, NoJournal

WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class KeyEntry:
    """One key of one account; without an answer its first request still runs."""

    account: str
    key: str
    digest: str
    first_at: datetime
    status: int | None = None
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class KeyStore:
    """Keys by account. Callers hold the emulator's lock."""

    def __init__(self, clock: Clock, journal: Journal | None = None, window: timedelta = WINDOW) -> None:
        self._clock = clock
        self._journal: Journal = journal or NoJournal()
        self._window = window
        self._entries: dict[tuple[str, str], KeyEntry] = {}

    def find(self, account: str, key: str) -> KeyEntry | None:
        """What is known of a key; None when it is new or older than the window."""
        entry = self._entries.get((account, key))
        if entry is not None and self._clock.now() - entry.first_at >= self._window:
            self.forget(account, key)
            return None
        return entry

    def begin(self, account: str, key: str, digest: str) -> None:
        """A first request starts to run under this key."""
        self.restore(entry := KeyEntry(account, key, digest, self._clock.now()))
        self._journal.save("key", f"{account} {key}", entry)

    def finish(self, account: str, key: str, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        """The request is handled: this is what every repeat is told."""
        begun = self._entries[account, key]
        self.restore(entry := KeyEntry(account, key, begun.digest, begun.first_at, status, body, headers or {}))
        self._journal.save("key", f"{account} {key}", entry)

    def forget(self, account: str, key: str) -> None:
        """Drop a key, as the provider does after its window; one that is not there is no error."""
        if self._entries.pop((account, key), None) is not None:
            self._journal.drop("key", f"{account} {key}")

    def restore(self, entry: KeyEntry) -> None:
        """Put an entry in its place without writing it down."""
        self._entries[entry.account, entry.key] = entry
