"""Whether a fetched payment shows that an operation was carried out (money-safety section 6, look-ups)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from providers.kinds import MovementKind, OperationKind, ProviderState, RequestState
from providers.references import short_code
from providers.snapshots import Movement, PaymentSnapshot, PendingEffect

MOVEMENTS_OF: Mapping[OperationKind, frozenset[MovementKind]] = MappingProxyType(
    {
        OperationKind.CAPTURE: frozenset({MovementKind.CAPTURE}),
        OperationKind.CANCEL: frozenset({MovementKind.CANCEL}),
        OperationKind.REFUND: frozenset({MovementKind.REFUND}),
        OperationKind.UPDATE: frozenset({MovementKind.CANCEL, MovementKind.AUTHORISE}),
    }
)
"""What an operation leaves in the ledger; an update either, whichever way the level went."""


def movement_of(kind: OperationKind, *, raises: bool = False) -> MovementKind:
    """The one movement that an operation wants to make."""
    if kind is OperationKind.UPDATE:
        return MovementKind.AUTHORISE if raises else MovementKind.CANCEL
    (found,) = MOVEMENTS_OF[kind]
    return found


class Verdict(StrEnum):
    """What one read says about one operation."""

    FOUND = "found"  # it was carried out, with our amount
    FINISHING = "finishing"  # the provider has accepted it and works on it
    REFUSED = "refused"  # the provider accepted it first and refused it later
    IMPOSSIBLE = "impossible"  # it was not carried out and cannot be any more
    ABSENT = "absent"  # this read does not show it; no proof by itself (R26)
    WITHHELD = "withheld"  # it shows a change that may not be believed yet: neither found nor absent (R26)
    UNCLEAR = "unclear"  # two candidates, or another amount: people decide (R5)


@dataclass(frozen=True, slots=True)
class Doubted:
    """The operation that is asked about.

    `baseline` are the movement ids that were there before its first send, `named` is the one that its own answer
    named, and `new_total_minor` what an update wants to be authorised.
    """

    operation_id: str
    kind: OperationKind
    amount_minor: int
    currency: str
    pending_id: str | None
    baseline: Collection[str]
    was_sent: bool
    named: str | None = None
    new_total_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and what it rests on; `candidates` are the ids of several movements of which one may be it."""

    verdict: Verdict
    movement: Movement | None = None
    pending: PendingEffect | None = None
    why: str = ""
    candidates: tuple[str, ...] = ()


def judge(wish: Doubted, seen: PaymentSnapshot, *, taken: Collection[str], keeps_reference: bool) -> Judgement:
    """Judge one read. `taken` are movement ids that belong to other operations.

    Where the provider keeps our reference, only that counts; a movement without it is somebody else's (R25).
    """
    of_kind = [movement for movement in seen.movements if movement.kind in MOVEMENTS_OF[wish.kind]]
    own = [movement for movement in of_kind if _is_own(movement, wish)]
    if own:
        return _one_of(own, wish)
    strangers = [
        movement
        for movement in of_kind
        if movement.reference is None and movement.id not in wish.baseline and movement.id not in taken
    ]
    if wish.kind is OperationKind.UPDATE:
        return _reached(wish, seen, strangers)
    effect = _effect_of(wish, seen)
    if effect is not None:
        return _from_effect(wish, effect, strangers)
    if strangers and wish.was_sent and not keeps_reference:
        return _one_of(strangers, wish)
    return _not_shown(wish, seen, taken)


def _not_shown(wish: Doubted, seen: PaymentSnapshot, taken: Collection[str]) -> Judgement:
    if _is_hidden_by_a_raise(wish, seen, taken):
        why = "somebody raised the amount meanwhile, and the provider shows only what is held after both"
        return Judgement(Verdict.UNCLEAR, why=why)
    if _nothing_left(wish.kind, seen):
        return Judgement(Verdict.IMPOSSIBLE, why=seen.state.value)
    return Judgement(Verdict.ABSENT)


def _is_hidden_by_a_raise(wish: Doubted, seen: PaymentSnapshot, taken: Collection[str]) -> bool:
    """Whether a release may stand behind a larger raise: of both, a level shows the difference alone (R5, R26).

    Without a baseline (a restored operation, R29) the payment's first authorisation is not taken for a raise.
    """
    if wish.kind is not OperationKind.CANCEL or seen.open_authorised is None or not wish.was_sent:
        return False
    raises = {
        movement.id
        for movement in seen.movements
        if movement.kind is MovementKind.AUTHORISE and movement.id not in wish.baseline and movement.id not in taken
    }
    return len(raises) > (0 if wish.baseline else 1)


def _is_own(movement: Movement, wish: Doubted) -> bool:
    return _is_ours(movement.reference, wish) or (wish.named is not None and movement.id == wish.named)


def _is_ours(reference: str | None, wish: Doubted) -> bool:
    """Whether it is our operation id, or the short code that stands for it where space is short (R25)."""
    return reference is not None and reference in (wish.operation_id, short_code(wish.operation_id))


def _reached(wish: Doubted, seen: PaymentSnapshot, changes: list[Movement]) -> Judgement:
    """An update is done when the level is where it wanted it; another level after a change is for people (R5)."""
    level = seen.open_authorised
    if changes and wish.was_sent:
        if level is not None and level.minor == wish.new_total_minor:
            return Judgement(Verdict.FOUND, movement=changes[-1])  # the one that this read brought
        why = f"the provider holds {level and level.minor} in minor units, not {wish.new_total_minor}"
        return Judgement(Verdict.UNCLEAR, movement=changes[-1], why=why)
    if _nothing_left(wish.kind, seen):
        return Judgement(Verdict.IMPOSSIBLE, why=seen.state.value)
    return Judgement(Verdict.ABSENT)


def _one_of(candidates: list[Movement], wish: Doubted) -> Judgement:
    if len(candidates) > 1:
        why, ids = f"{len(candidates)} movements could be this operation", tuple(one.id for one in candidates)
        return Judgement(Verdict.UNCLEAR, why=why, candidates=ids)
    movement = candidates[0]
    if (movement.money.minor, movement.money.currency) != (wish.amount_minor, wish.currency):
        return Judgement(
            Verdict.UNCLEAR,
            movement=movement,
            why=f"the provider shows {movement.money.minor} {movement.money.currency} in minor units,"
            f" not {wish.amount_minor} {wish.currency}",
        )
    return Judgement(Verdict.FOUND, movement=movement)


def _effect_of(wish: Doubted, seen: PaymentSnapshot) -> PendingEffect | None:
    for effect in seen.pending:
        if effect.kind is wish.kind and (_is_ours(effect.reference, wish) or effect.id == wish.pending_id):
            return effect
    return None


def _from_effect(wish: Doubted, effect: PendingEffect, strangers: list[Movement]) -> Judgement:
    if effect.state is RequestState.REJECTED:
        return Judgement(Verdict.REFUSED, pending=effect, why=effect.reason or "")
    if effect.state is RequestState.COMPLETED and strangers:
        # Whether the movement of a completed request carries our reference is unconfirmed, so amounts decide.
        fitting = [m for m in strangers if m.money.minor == wish.amount_minor] or strangers
        judged = _one_of(fitting, wish)
        return Judgement(judged.verdict, movement=judged.movement, pending=effect, why=judged.why)
    return Judgement(Verdict.FINISHING, pending=effect)


def _nothing_left(kind: OperationKind, seen: PaymentSnapshot) -> bool:
    if kind is OperationKind.REFUND:
        never_captured = seen.state in {ProviderState.CANCELLED, ProviderState.EXPIRED, ProviderState.FAILED}
        return never_captured or (seen.captured.minor > 0 and seen.refunded.minor >= seen.captured.minor)
    if seen.state is ProviderState.FAILED:
        return True
    if seen.open_authorised is not None:
        return seen.authorised.minor > 0 and seen.open_authorised.minor <= seen.captured.minor
    rest = seen.authorised.minor - seen.captured.minor - seen.cancelled.minor
    return seen.authorised.minor > 0 and rest <= 0


_RANK: Mapping[ProviderState, int] = MappingProxyType(
    {
        ProviderState.WAITING: 0,
        ProviderState.AUTHORISED: 1,
        ProviderState.FAILED: 2,
        ProviderState.EXPIRED: 2,
        ProviderState.CANCELLED: 2,
        ProviderState.CAPTURED: 3,
        ProviderState.REFUNDED: 4,
    }
)


def later_state(known: ProviderState, fetched: ProviderState) -> ProviderState:
    """The state to keep: a fetched state never moves a payment backwards (R33)."""
    return fetched if _RANK[fetched] >= _RANK[known] else known
