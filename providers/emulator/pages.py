"""Hosted pages where a buyer pays: what the product calls payment links."""

from dataclasses import dataclass, field
from datetime import datetime

from .clock import Clock
from .records import Json
from .store import Journal, NoJournal


@dataclass(frozen=True)
class HostedPage:
    """One page for one amount in minor units; `payment` is the last attempt made on it."""

    id: str
    provider: str
    account: str
    amount_minor: int
    currency: str
    created_at: datetime
    expires_at: datetime
    url: str
    return_url: str | None = None
    locale: str = "ja"
    methods: list[str] | None = None
    manual_capture: bool = False
    order_number: str | None = None
    metadata: Json = field(default_factory=dict)
    shown: Json = field(default_factory=dict)
    payment: str | None = None
    cancelled_at: datetime | None = None
    completed_at: datetime | None = None


class PageBook:
    """All hosted pages. Callers hold the emulator's lock."""

    def __init__(self, clock: Clock, journal: Journal | None = None) -> None:
        self._clock = clock
        self._journal: Journal = journal or NoJournal()
        self.pages: dict[str, HostedPage] = {}

    def keep(self, page: HostedPage) -> HostedPage:
        """Add or replace a page."""
        self.restore(page)
        self._journal.save("page", page.id, page)
        return page

    def restore(self, page: HostedPage) -> None:
        """Put a page in its place without writing it down."""
        self.pages[page.id] = page

    def expired(self, page: HostedPage) -> bool:
        """Whether nobody can pay here any more because its time is over."""
        return page.completed_at is None and self._clock.now() >= page.expires_at

    def open_for_buyer(self, page: HostedPage) -> bool:
        """Whether a buyer can pay here now."""
        return page.completed_at is None and page.cancelled_at is None and not self.expired(page)
