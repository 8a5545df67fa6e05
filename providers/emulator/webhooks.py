"""What the provider tells the product: each event once, and its deliveries with all that goes wrong there."""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .clock import Clock
from .faults import FaultPlan
from .records import Account, Json
from .store import Journal, NoJournal

REPEATS_AFTER = (1.0, 5.0, 30.0)


def sign_hex(secret: str, raw: bytes) -> str:
    """Lower-case hex HMAC-SHA256 of the raw bytes (KOMOJU page, section 10)."""
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Delivery:
    """One message to one address. state: waiting, sent, failed, lost, held (delivery off), kept (no address).

    answers: HTTP statuses in order, 0 where there was none.
    """

    n: int
    provider: str
    account: str
    event_id: str
    event_type: str
    created_at: datetime
    due_at: datetime
    url: str | None
    body: str
    headers: dict[str, str]
    state: str = "waiting"
    answers: list[int] = field(default_factory=list)
    copy_of: int | None = None


class Outbox:
    """All deliveries, also the events that were never sent. Callers hold the emulator's lock."""

    def __init__(self, clock: Clock, faults: FaultPlan, journal: Journal | None = None) -> None:
        self._clock = clock
        self._faults = faults
        self._journal: Journal = journal or NoJournal()
        self.automatic = True
        self.deliveries: dict[int, Delivery] = {}
        self._waiting: set[int] = set()

    def queue(
        self,
        account: Account,
        event_id: str,
        event_type: str,
        body: str,
        headers: dict[str, str],
        url: str | None = None,
    ) -> Delivery:
        """Note an event and, where it has an address (by default the account's) and delivery is on, let it be sent."""
        now = self._clock.now()
        url = url or account.webhook_url
        state = "kept" if url is None else ("waiting" if self._delivers(account) else "held")
        delivery = Delivery(
            n=len(self.deliveries) + 1,
            provider=account.provider,
            account=account.id,
            event_id=event_id,
            event_type=event_type,
            created_at=now,
            due_at=now,
            url=url,
            body=body,
            headers=headers,
            state=state,
        )
        return self._misbehave(self._keep(delivery)) if state == "waiting" else self._keep(delivery)

    def _delivers(self, account: Account) -> bool:
        return self.automatic and bool(account.switches.get("deliver", True))

    def _misbehave(self, delivery: Delivery) -> Delivery:
        fault = self._faults.draw(delivery.provider, "webhook", is_write=True)
        if fault is None:
            return delivery
        if fault.kind == "webhook_lost":
            return self.lose(delivery.n)
        if fault.kind == "webhook_late":
            return self.delay(delivery.n, fault.lasting)
        copy = self.double(delivery.n)
        if fault.kind == "webhook_forged":  # a forger sends beside the provider, not in its place
            self.forge(copy.n)
        return delivery

    def send(self, n: int) -> Delivery:
        """Send now (again), whatever happened before."""
        return self._keep(replace(self.deliveries[n], state="waiting", due_at=self._clock.now()))

    def lose(self, n: int) -> Delivery:
        """Never send it."""
        return self._keep(replace(self.deliveries[n], state="lost"))

    def delay(self, n: int, seconds: float) -> Delivery:
        """Send it so many seconds of emulator time from now."""
        due_at = self._clock.now() + timedelta(seconds=seconds)
        return self._keep(replace(self.deliveries[n], state="waiting", due_at=due_at))

    def double(self, n: int) -> Delivery:
        """Send a second copy, with the same event and delivery ids."""
        now = self._clock.now()
        copy = replace(
            self.deliveries[n], n=len(self.deliveries) + 1, copy_of=n, state="waiting", due_at=now, answers=[]
        )
        return self._keep(copy)

    def forge(self, n: int) -> Delivery:
        """Send it with a signature that fits neither secret nor body."""
        wrong = {name: "0" * 64 if "signature" in name.lower() else value for name, value in self.headers_of(n).items()}
        return self._keep(replace(self.deliveries[n], headers=wrong, state="waiting", due_at=self._clock.now()))

    def headers_of(self, n: int) -> dict[str, str]:
        """The headers of a delivery."""
        return self.deliveries[n].headers

    def release_held(self, newest_first: bool = False) -> int:
        """Let everything go that was held back, in order or against it; says how many."""
        held = sorted((n for n, one in self.deliveries.items() if one.state == "held"), reverse=newest_first)
        now = self._clock.now()
        for place, n in enumerate(held):
            due_at = now + timedelta(microseconds=place)
            self._keep(replace(self.deliveries[n], state="waiting", due_at=due_at))
        return len(held)

    def waiting(self) -> list[Delivery]:
        """What is still to be sent, now or later, in the order of its time."""
        return sorted((self.deliveries[n] for n in self._waiting), key=lambda one: (one.due_at, one.n))

    def due(self) -> list[Delivery]:
        """What has to be sent now, in the order of its time."""
        now = self._clock.now()
        return [one for one in self.waiting() if one.due_at <= now]

    def note(self, n: int, status: int) -> None:
        """Remember how the receiver answered (0: not at all); a failure is repeated three times."""
        delivery = self.deliveries[n]
        if delivery.state != "waiting":
            return
        answers = [*delivery.answers, status]
        if 200 <= status < 300:
            self._keep(replace(delivery, answers=answers, state="sent"))
        elif len(answers) > len(REPEATS_AFTER):
            self._keep(replace(delivery, answers=answers, state="failed"))
        else:
            due_at = self._clock.now() + timedelta(seconds=REPEATS_AFTER[len(answers) - 1])
            self._keep(replace(delivery, answers=answers, due_at=due_at))

    def events(self, account_id: str) -> list[Delivery]:
        """An account's events, newest first, each once however often it was delivered."""
        return [one for one in reversed(self.deliveries.values()) if one.account == account_id and one.copy_of is None]

    def listing(self) -> list[Json]:
        """Everything that was or would be sent, oldest first."""
        return [
            {**vars(one), "created_at": one.created_at.isoformat(), "due_at": one.due_at.isoformat()}
            for one in self.deliveries.values()
        ]

    def _keep(self, delivery: Delivery) -> Delivery:
        self.restore(delivery)
        self._journal.save("delivery", str(delivery.n), delivery)
        return delivery

    def restore(self, delivery: Delivery) -> None:
        """Put a delivery in its place without writing it down."""
        self.deliveries[delivery.n] = delivery
        if delivery.state == "waiting":
            self._waiting.add(delivery.n)
        else:
            self._waiting.discard(delivery.n)
