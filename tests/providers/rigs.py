"""What a conformance suite is run on: an adapter, its emulator, and what this provider does its own way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from providers.kinds import MovementKind, OperationKind, Outcome
from providers.money import Money
from providers.port import MoneyRequest, PaymentFacts, PaymentProvider, Reply, WireCall
from providers.snapshots import PaymentSnapshot
from tests.emulator import EmulatorClient

CAPTURE, CANCEL, REFUND = OperationKind.CAPTURE, OperationKind.CANCEL, OperationKind.REFUND
MOVED = {CAPTURE: MovementKind.CAPTURE, CANCEL: MovementKind.CANCEL, REFUND: MovementKind.REFUND}
FAULTS: list[tuple[str, dict[str, Any], Outcome]] = [
    ("rate_limited", {"seconds": 40}, Outcome.NOT_APPLIED),
    ("unauthorised", {}, Outcome.NOT_APPLIED),
    ("error_before", {"status": 500}, Outcome.IN_DOUBT),
    ("error_before", {"status": 503}, Outcome.IN_DOUBT),
    ("error_after", {"status": 502}, Outcome.IN_DOUBT),
    ("error_after", {"status": 504}, Outcome.IN_DOUBT),
    ("error_after", {"status": 408}, Outcome.IN_DOUBT),
    ("error_after", {"status": 418}, Outcome.IN_DOUBT),
    ("running", {}, Outcome.IN_DOUBT),
    ("html_body", {}, Outcome.IN_DOUBT),
    ("wrong_answer", {"amount_minor": -1}, Outcome.IN_DOUBT),
    ("wrong_amount", {"amount_minor": -1}, Outcome.IN_DOUBT),
]


def facts_of(snapshot: PaymentSnapshot) -> PaymentFacts:
    """The facts that the product would keep of a read."""
    return PaymentFacts(
        provider_state=snapshot.state,
        method=snapshot.method,
        currency=snapshot.captured.currency,
        authorised_minor=snapshot.authorised.minor,
        captured_minor=snapshot.captured.minor,
        cancelled_minor=snapshot.cancelled.minor,
        refunded_minor=snapshot.refunded.minor,
        kept=snapshot.kept,
    )


@dataclass
class Rig:
    """An adapter on a running emulator, and ways to make payments there.

    `answers_carry_amounts`: what a write moved stands in its answer; else only the next read shows it (R5).
    `good` are the outcomes of a write that went well. `differs` names the faults whose outcome is not that of
    `FAULTS` for a documented reason, and `over_asked` what becomes of a wish for more than is left.
    """

    provider: PaymentProvider
    emulator: EmulatorClient
    captured: Callable[[int], str]
    authorised: Callable[[int], str]
    refund_by_hand: Callable[[int], str] | None
    unreachable: PaymentProvider
    wrong_keys: PaymentProvider
    unknown_ref: str
    name: str = "komoju"
    currency: str = "JPY"
    answers_carry_amounts: bool = True
    good: frozenset[Outcome] = frozenset({Outcome.DONE})
    over_asked: Outcome = Outcome.REFUSED
    differs: Mapping[str, Outcome] = field(default_factory=dict)
    call_of: Mapping[OperationKind, str] = field(
        default_factory=lambda: {CAPTURE: "capture", CANCEL: "cancel", REFUND: "refund"}
    )

    def prepare(self, kind: OperationKind, ref: str, minor: int, **changed: Any) -> WireCall:
        """A fresh operation on a payment as it is now."""
        facts = facts_of(self.provider.fetch_payment(ref))
        usual: dict[str, Any] = {
            "kind": kind,
            "operation_id": str(uuid4()),
            "key": str(uuid4()),
            "payment_ref": ref,
            "money": Money(minor, facts.currency),
            "whole_rest": False,
            "reason": "returned",
            "payment": facts,
        }
        return self.provider.prepare(MoneyRequest(**{**usual, **changed}))

    def shown(self, ref: str, kind: OperationKind) -> list[tuple[str, int]]:
        """What a read shows of one kind: movements and running totals by id, and a release told as a level."""
        seen = self.provider.fetch_payment(ref)
        found = [*seen.movements, *seen.totals]
        shown = [(one.id, one.money.minor) for one in found if one.kind is MOVED[kind] and one.money.minor]
        if kind is CANCEL and seen.open_authorised is not None:
            released = seen.authorised.minor - seen.open_authorised.minor
            shown += [("level", released)] if released else []
        return shown

    def amounts(self, ref: str, kind: OperationKind) -> list[int]:
        """The amounts of `shown`."""
        return [minor for _, minor in self.shown(ref, kind)]

    def effects(self, ref: str, kind: OperationKind = REFUND) -> int:
        """How often the emulator has carried this out for us."""
        found = self.emulator.effects(ref, kind.value)
        return len([one for one in found if one["source"] == "api"])

    def fault(self, kind: str, of: OperationKind = REFUND, **fields: Any) -> None:
        """A misbehaviour at the next call of that kind."""
        self.emulator.fault(kind, self.call_of[of], nth=1, **fields)

    def portal(self, ref: str, action: str, **fields: Any) -> None:
        """What staff do at the provider."""
        self.emulator.portal(ref, action, provider=self.name, **fields)

    def amount_in(self, reply: Reply) -> Money | None:
        """The amount of an answer, which has to be there exactly where this provider's answers carry one."""
        assert (reply.money is not None) == self.answers_carry_amounts
        return reply.money
