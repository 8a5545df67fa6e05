"""One history's world: database, bank, time, processes and what was counted."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from providers.emulator.records import Cause
from providers.emulator.records import Payment as BankPayment
from providers.kinds import OperationKind, ProviderState, ResolutionClass
from providers.port import Capabilities, PaymentProvider
from providers.sandbox import mapping, sums
from providers.sandbox.adapter import SandboxProvider
from providers.sandbox.bank import Bank
from providers.sandbox.capabilities import BY_REQUEST, SandboxCapabilities
from providers.sandbox.notices import DELIVERY_ID
from providers.snapshots import PaymentSnapshot
from tests import factories
from tests.simulation.database import AUDIT_KEY, PROVIDER_OF, Database, template, webhook_secret
from tests.simulation.ids import seeded_ids
from tests.simulation.lanes import lanes
from tests.simulation.observing import Observing
from tests.simulation.post_office import PostOffice, post
from tests.simulation.scheduler import Killed, Process, Scheduler
from tests.simulation.truth import Truth
from tests.simulation.virtual_time import ProcessClock, VirtualTime
from tests.simulation.weights import Weights
from webapp.domain.cases import figures_of
from webapp.models import Mode, Payment
from webapp.services import runtime
from webapp.services.operations import first_byte
from webapp.services.payments.reading import read_payment
from webapp.services.runtime import AccountKeys, Runtime

CAPTURED, AUTHORISED, PART_CAPTURED = "captured", "authorised", "part_captured"
_PREPARED: dict[tuple[ResolutionClass, bool, tuple[str, ...]], tuple[bytes, list[uuid.UUID]]] = {}
"""Databases with payments in them, made once per process."""


class BankProviders:
    """`runtime.Providers` with the bank behind every account."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open(self, keys: AccountKeys) -> PaymentProvider:
        """An adapter whose calls the scheduler can hold up."""
        world = self._world
        capabilities = self._of(keys.provider)
        return Watched(world, capabilities)

    def capabilities(self, provider: str) -> Capabilities:
        """By the class in the provider's name."""
        return self._of(provider)

    def hosts(self, provider: str) -> tuple[str, ...]:
        """One."""
        del provider
        return ("sandbox",)

    def webhook_headers(self, provider: str) -> tuple[str, ...]:
        """The one that names a delivery."""
        del provider
        return (DELIVERY_ID,)

    def _of(self, provider: str) -> SandboxCapabilities:
        resolution = next(kind for kind, name in PROVIDER_OF.items() if name == provider)
        weights = self._world.weights
        return SandboxCapabilities(resolution, key_window_s=weights.key_trust_s, by_sums=weights.by_sums)


class Watched(SandboxProvider):
    """An adapter whose reads are noted with who made them."""

    def __init__(self, world: World, capabilities: SandboxCapabilities) -> None:
        super().__init__(world.bank, world.bank_account, capabilities, world.observing, first_byte.check)
        self._world = world

    def fetch_payment(self, payment_ref: str) -> PaymentSnapshot:
        """Read one payment."""
        world, process = self._world, self._world.scheduler.current
        if process is not None and process.name not in world.comparing:
            world.reads.append((process.name, payment_ref))
        seen = super().fetch_payment(payment_ref)
        shown_as_at = world.hidden.get(payment_ref)
        return seen if shown_as_at is None else world.shown(payment_ref, shown_as_at)


class World:
    """Everything that one history needs. Nothing in it depends on anything but seed and weights."""

    def __init__(self, weights: Weights, random: Random, shapes: tuple[str, ...] | None = None) -> None:
        self.weights = weights
        self.random = random
        self.time = VirtualTime()
        self.scheduler = Scheduler(self.time, random)
        self.database = Database(template().image)
        self.faults: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.violations: list[str] = []
        self.restore_now: Callable[[], None] | None = None
        self.calm = True  # no faults, kills or freezes: before the start and after the end
        self.counts: Counter[str] = Counter()  # of messages, runs and mails
        self.lanes = lanes()
        self.delivering: dict[int, Process] = {}  # by the number of the bank's delivery
        self.runs_by_hand: dict[uuid.UUID, set[uuid.UUID]] = {}  # by request id
        self.reads: list[tuple[str, str]] = []  # process and payment, since the last step
        self.acts: dict[tuple[str, str], str] = {}  # the shop's table: status and provider -> what is fired
        self.comparing: set[str] = set()  # processes whose reads are those of the reconcile job (R28)
        self.hidden: dict[str, datetime] = {}  # payments that the bank shows as they were then
        self.bank = self._open_bank()
        self.bank_account = self._open_account()
        self.truth = Truth(self.bank.ledger)
        self.observing = Observing(self)
        self.post_office = PostOffice(self)
        self.payments = self._payments(shapes)
        self.processes: list[Process] = []

    def say(self, violation: str) -> None:
        """A rule is broken."""
        self.violations.append(f"{self.time.seconds:.1f}s {violation}")

    def runtime(self, owner: str) -> Runtime:
        """What a process with this name stands on; fresh, so that nothing is remembered across its death."""
        here = template()
        providers = BankProviders(self)
        return Runtime(here.engine, ProcessClock(self.time), here.vault, AUDIT_KEY, providers, owner, post=post())

    def shown(self, reference: str, at: datetime | None = None) -> PaymentSnapshot:
        """What the bank would show of a payment if no read were an old one, now or as it was at `at`."""
        ledger, weights = self.bank.ledger, self.weights
        payment = ledger.get(reference) if at is None else ledger.as_of(reference, at)
        with_key = weights.resolution is ResolutionClass.KEY_AND_LOOK_UP
        return sums.snapshot(payment) if weights.by_sums else mapping.snapshot(payment, with_references=with_key)

    def figures(self, reference: str, *, hidden: bool = True) -> dict[str, int]:
        """The three sums that such a read shows, as a case tells them; `hidden`: while the bank forgets."""
        return figures_of(self.shown(reference, self.hidden.get(reference) if hidden else None)).facts()

    def process(self, name: str, body: Callable[[], None], after_s: float, again_s: float | None = None) -> Process:
        """Start a process that, when killed, is started again after up to `again_s` seconds (None: never)."""

        def run() -> None:
            with runtime.using(self.runtime(name)):
                body()

        def ended(process: Process, end: BaseException | None) -> None:
            self.processes.remove(process)
            if isinstance(end, Killed):
                if again_s is not None:
                    self.process(f"{name}'", body, self.random.uniform(0, again_s), again_s)
            elif end is not None:
                self.say(f"{name} broke: {type(end).__name__}: {end}")

        process = Process(name, run, ended)
        self.processes.append(process)
        self.scheduler.start(process, after_s)
        return process

    def kill_all(self) -> None:
        """The power fails."""
        for lane in self.lanes.values():
            lane.clear()
        for process in list(self.processes):
            self.scheduler.kill(process)

    def _open_bank(self) -> Bank:
        bank = Bank(self.time, self.random, key_window=timedelta(seconds=self.weights.key_window_s))
        bank.latest_arrival_s = self.weights.latest_arrival_s
        bank.troubles.dealt = self.faults
        bank.notices.outbox.automatic = False
        bank.task_chance = 0.3 if self.weights.by_sums else 0.0
        return bank

    def _open_account(self) -> str:
        provider = PROVIDER_OF[self.weights.resolution]
        url = None if self.weights.webhooks is None else provider
        return self.bank.open_account("shop", webhook_url=url, webhook_secret=webhook_secret(provider))

    def _payments(self, shapes: tuple[str, ...] | None) -> list[uuid.UUID]:
        """Payments at the bank, taken into the desk by its own reading; the same rows come out of a copy later."""
        shapes = shapes or tuple(self._shape() for _number in range(self.weights.payments))
        for number, shape in enumerate(shapes):
            self._at_bank(number, shape)
        mark = (self.weights.resolution, self.weights.by_sums, shapes)
        if mark not in _PREPARED:
            with seeded_ids(f"payments {mark}"):
                ids = [self._in_desk(number, shape) for number, shape in enumerate(shapes)]
            _PREPARED[mark] = (self.database.image(), ids)
        image, ids = _PREPARED[mark]
        self.database = Database(image)
        return ids

    def _shape(self) -> str:
        """How one payment stands at the start."""
        if self.weights.by_sums:
            return self.random.choice((AUTHORISED, AUTHORISED, PART_CAPTURED, CAPTURED))
        if self.random.random() >= self.weights.other_kinds:
            return CAPTURED
        with_key = self.weights.resolution is ResolutionClass.KEY_AND_LOOK_UP
        return BY_REQUEST if with_key and self.random.random() < 0.5 else AUTHORISED

    def _in_desk(self, number: int, shape: str) -> uuid.UUID:
        here = template()
        payment_id = uuid.uuid4()
        row = Payment(
            id=payment_id,
            shop_id=here.shop_id,
            order_id=here.order_id,
            account_id=here.accounts[self.weights.resolution],
            mode=Mode.TEST,
            provider_ref=f"pay{number}",
            method=BY_REQUEST if shape == BY_REQUEST else "sandbox",
            currency="JPY",
            provider_state=ProviderState.WAITING,
            kept={},
            created_at=self.time.now(),
        )
        with runtime.using(self.runtime("setup")):
            factories.add(row)
            read_payment(payment_id)
        return payment_id

    def _at_bank(self, number: int, shape: str) -> None:
        ledger = self.bank.ledger
        payment = BankPayment(
            reference=f"pay{number}",
            provider="sandbox",
            account=self.bank_account,
            method=BY_REQUEST if shape == BY_REQUEST else "sandbox",
            currency="JPY",
            amount_minor=1000,
            created_at=self.time.now(),
            manual_capture=True,
            refund_by_request=shape == BY_REQUEST,
        )
        ledger.add_payment(payment)
        ledger.authorise(payment.reference, Cause("buyer"))
        if shape == PART_CAPTURED:
            sums.move(ledger, payment.reference, OperationKind.CAPTURE, 400, Cause("buyer"))
        elif shape != AUTHORISED:
            ledger.capture(payment.reference, Cause("buyer"))

    def kind_for(self, payment_id: uuid.UUID) -> OperationKind:
        """What may sensibly be asked for now, by the desk's own row."""
        ((captured,),) = self.database.rows("select captured_minor from payments where id = ?", (payment_id.hex,))
        if captured:
            return OperationKind.REFUND
        return self.random.choice((OperationKind.CANCEL, OperationKind.CAPTURE))
