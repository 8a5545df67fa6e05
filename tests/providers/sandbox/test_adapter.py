"""The sandbox behaves as a provider of its class does, troubles included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest

from providers.emulator.records import Cause, Payment
from providers.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PaymentNotFound,
    ProviderUnavailable,
    RequestNotPossible,
    SignatureWrong,
)
from providers.kinds import MovementKind, OperationKind, Outcome, ProviderState, RequestState, ResolutionClass
from providers.money import Money
from providers.port import BankDetails, MoneyRequest, PaymentFacts, WireCall
from providers.sandbox.adapter import SandboxProvider
from providers.sandbox.bank import Bank
from providers.sandbox.capabilities import BY_REQUEST, SandboxCapabilities
from providers.sandbox.troubles import WRITES, Trouble

C1, C2 = ResolutionClass.KEY_AND_LOOK_UP, ResolutionClass.LOOK_UP_ONLY
REFUND, CANCEL, CAPTURE = OperationKind.REFUND, OperationKind.CANCEL, OperationKind.CAPTURE
BANK_DETAILS = BankDetails("A", "B", "0001", "C", "001", "normal", "0000001", include_payment_method_fee=False)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 5, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment."""
        return self.moment


class Rig:
    """A bank with one payment of 1000 yen and an adapter of the wanted class."""

    def __init__(self, resolution: ResolutionClass, *, captured: bool = True, by_request: bool = False) -> None:
        self.clock = Clock()
        self.bank = Bank(self.clock, Random(3))
        account = self.bank.open_account("shop")
        self.provider = SandboxProvider(self.bank, account, SandboxCapabilities(resolution))
        payment = Payment(
            reference="pay",
            provider="sandbox",
            account=account,
            method=BY_REQUEST if by_request else "sandbox",
            currency="JPY",
            amount_minor=1000,
            created_at=self.clock.now(),
            manual_capture=True,
            refund_by_request=by_request,
        )
        self.bank.ledger.add_payment(payment)
        self.bank.ledger.authorise("pay", Cause("buyer"))
        if captured:
            self.bank.ledger.capture("pay", Cause("buyer"))

    def prepare(self, kind: OperationKind = REFUND, minor: int = 100, bank: BankDetails | None = None) -> WireCall:
        """A fresh call on the payment as it is."""
        seen = self.provider.fetch_payment("pay")
        facts = PaymentFacts(
            seen.state, seen.method, "JPY", seen.authorised.minor, seen.captured.minor, seen.cancelled.minor, 0
        )
        money = Money(minor, "JPY")
        return self.provider.prepare(
            MoneyRequest(kind, str(uuid4()), str(uuid4()), "pay", money, False, "why", facts, bank_details=bank)
        )

    def refunds(self) -> int:
        """What the bank gave back."""
        return self.bank.ledger.get("pay").refunded_minor

    def strike(self, trouble: Trouble) -> None:
        """The next write meets this."""
        self.bank.troubles.writes_next.append(trouble)


@pytest.mark.parametrize("kind", [CAPTURE, CANCEL])
def test_a_write_is_done_and_named_as_a_read_shows_it(kind: OperationKind) -> None:
    """I9: derived ids are stable."""
    rig = Rig(C1, captured=False)
    reply = rig.provider.send(rig.prepare(kind, 1000))
    assert (reply.outcome, reply.money) == (Outcome.DONE, Money(1000, "JPY"))
    assert reply.movement_id in {movement.id for movement in rig.provider.fetch_payment("pay").movements}


def test_c1_keeps_our_reference_on_refunds_and_c2_keeps_none() -> None:
    """R25."""
    for resolution, kept in ((C1, True), (C2, False)):
        rig = Rig(resolution)
        call = rig.prepare()
        rig.provider.send(call)
        (refund,) = (m for m in rig.provider.fetch_payment("pay").movements if m.kind is MovementKind.REFUND)
        assert (refund.reference == call.operation_id) is kept
        assert rig.provider.capabilities.keeps_reference(REFUND) is kept
        assert rig.provider.capabilities.fetch_before_send is not kept


def test_a_key_makes_one_effect_inside_its_window_and_none_is_kept_without() -> None:
    """R11, R13: C2 pays twice when it is asked twice."""
    keyed, bare = Rig(C1), Rig(C2)
    for rig, after in ((keyed, 100), (bare, 200)):
        call = rig.prepare()
        first, again = rig.provider.send(call), rig.provider.send(call)
        assert first.outcome is again.outcome is Outcome.DONE
        assert rig.refunds() == after
    keyed.clock.moment += timedelta(hours=24)
    keyed.provider.send(call)
    assert keyed.refunds() == 200


@pytest.mark.parametrize("trouble", sorted(WRITES))
def test_no_trouble_makes_a_second_effect_under_a_key(trouble: Trouble) -> None:
    """I2: whatever strikes first, replays end with one effect, or none and a refusal for good."""
    rig = Rig(C1)
    call = rig.prepare()
    rig.strike(trouble)
    for _attempt in range(3):
        try:
            rig.provider.send(call)
        except (OutcomeUnknown, ProviderUnavailable):
            rig.clock.moment += timedelta(minutes=6)
            rig.bank.settle_late()
    assert rig.refunds() in ({0} if trouble is Trouble.ERROR_STORED else {100, 99})
    assert rig.bank.ledger.watch.broken == []
    assert rig.bank.troubles.dealt == {trouble.value: 1}


def test_a_late_effect_answers_409_until_it_is_made() -> None:
    """Section 6: still running under our key."""
    rig = Rig(C1)
    call = rig.prepare()
    rig.strike(Trouble.LATE_EFFECT)
    with pytest.raises(OutcomeUnknown):
        rig.provider.send(call)
    running = rig.provider.send(call)
    assert (running.outcome, running.http_status, rig.refunds()) == (Outcome.IN_DOUBT, 409, 0)
    rig.clock.moment += timedelta(minutes=5)
    assert rig.bank.settle_late() == 1
    assert rig.provider.send(call).outcome is Outcome.DONE
    assert rig.refunds() == 100


def test_the_bytes_of_a_caller_that_died_may_still_arrive() -> None:
    """K6: over many deaths some do and some do not, and with a key none arrives twice."""

    class Death(BaseException):
        pass

    class Deadly:
        def preparing(self) -> None: ...
        def hanging(self) -> None: ...
        def returning(self, call: WireCall | None) -> None: ...
        def leaving(self, call: WireCall | None) -> None:
            raise Death

    arrived = 0
    for seed in range(20):
        rig = Rig(C1)
        rig.bank.random.seed(seed)
        call = rig.prepare()
        account = next(iter(rig.bank.ledger.accounts))
        with pytest.raises(Death):
            SandboxProvider(rig.bank, account, SandboxCapabilities(C1), Deadly()).send(call)
        rig.clock.moment += timedelta(minutes=5)
        arrived += rig.bank.settle_late()
        rig.provider.send(call)
        assert rig.refunds() == 100
    assert 0 < arrived < 20


def test_state_conflicts_are_to_be_asked_and_too_much_is_refused() -> None:
    """I6."""
    rig = Rig(C1)
    too_much = rig.provider.send(rig.prepare(minor=1001))
    assert too_much.outcome is Outcome.REFUSED
    call = rig.prepare(minor=100)
    rig.provider.send(rig.prepare(minor=1000))
    assert rig.provider.send(call).outcome is Outcome.ASK


def test_a_key_used_for_other_bytes_is_noticed() -> None:
    """R12."""
    rig = Rig(C1)
    first, second = rig.prepare(minor=100), rig.prepare(minor=200)
    rig.provider.send(first)
    parts = {name: getattr(second, name) for name in WireCall.__slots__} | {"key": first.key}
    assert rig.provider.send(WireCall(**parts)).outcome is Outcome.REFUSED
    assert "R12" in rig.bank.broken[0]


def test_a_refund_by_request_is_accepted_and_finished_later() -> None:
    """Pending effects carry our reference, and so does the movement in the end."""
    rig = Rig(C1, by_request=True)
    call = rig.prepare(bank=BANK_DETAILS)
    reply = rig.provider.send(call)
    assert reply.outcome is Outcome.ACCEPTED
    (pending,) = rig.provider.fetch_payment("pay").pending
    assert (pending.id, pending.reference, pending.state) == (reply.pending_id, call.operation_id, RequestState.PENDING)
    rig.bank.ledger.finish_request("pay", Cause("portal"))
    refund = rig.provider.fetch_payment("pay").movements[-1]
    assert (refund.kind, refund.reference) == (MovementKind.REFUND, call.operation_id)


def test_what_cannot_be_expressed_is_refused_before_anything_is_sent() -> None:
    """The port's RequestNotPossible."""
    with pytest.raises(RequestNotPossible):
        Rig(C1, captured=False).prepare(REFUND)
    with pytest.raises(RequestNotPossible):
        Rig(C1).prepare(CANCEL)
    with pytest.raises(RequestNotPossible):
        Rig(C1, by_request=True).prepare(REFUND)


@pytest.mark.parametrize(
    ("trouble", "raised"),
    [
        (Trouble.NOT_REACHED, ProviderUnavailable),
        (Trouble.TIMEOUT_BEFORE, OutcomeUnknown),
        (Trouble.ERROR_BEFORE, OutcomeUnknown),
        (Trouble.UNAUTHORISED, CredentialsRefused),
    ],
)
def test_a_read_in_trouble_says_so(trouble: Trouble, raised: type[Exception]) -> None:
    """And invents nothing."""
    rig = Rig(C1)
    rig.bank.troubles.reads_next.append(trouble)
    with pytest.raises(raised):
        rig.provider.fetch_payment("pay")


def test_a_stale_read_shows_the_past_but_no_more_than_a_minute_of_it() -> None:
    """R26."""
    rig = Rig(C1)
    rig.clock.moment += timedelta(minutes=5)
    rig.provider.send(rig.prepare(minor=1000))
    states = set()
    for _read in range(30):
        rig.bank.troubles.reads_next.append(Trouble.STALE_READ)
        states.add(rig.provider.fetch_payment("pay").state)
        rig.clock.moment += timedelta(seconds=1)
    assert states == {ProviderState.CAPTURED, ProviderState.REFUNDED}
    rig.clock.moment += timedelta(minutes=1)
    rig.bank.troubles.reads_next.append(Trouble.STALE_READ)
    assert rig.provider.fetch_payment("pay").state is ProviderState.REFUNDED


def test_what_is_not_there_is_said_not_to_be_there() -> None:
    """An unknown payment, and messages that a sandbox never sends."""
    rig = Rig(C1)
    with pytest.raises(PaymentNotFound):
        rig.provider.fetch_payment("other")
    with pytest.raises(SignatureWrong):
        rig.provider.read_notification({}, b"", (), {})
    assert len(rig.provider.fetch_methods()) == 2


def test_troubles_come_by_chance_until_they_end() -> None:
    """The dice are seeded."""
    rig = Rig(C1)
    rig.bank.troubles.writes = {Trouble.RATE_LIMITED: 1.0}
    assert rig.provider.send(rig.prepare()).outcome is Outcome.NOT_APPLIED
    rig.bank.troubles.end()
    assert rig.provider.send(rig.prepare()).outcome is Outcome.DONE
