"""The words of the port: kinds, states, outcomes and reasons that every provider is spoken of in."""

from enum import StrEnum


class OperationKind(StrEnum):
    """What an operation does to a payment."""

    CAPTURE = "capture"
    CANCEL = "cancel"
    REFUND = "refund"
    UPDATE = "update"  # another amount is to be authorised, up or down


class MovementKind(StrEnum):
    """A movement in the ledger. The reversals undo an earlier movement (I8)."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    CANCEL = "cancel"
    REFUND = "refund"
    REFUND_REVERSED = "refund_reversed"


class Outcome(StrEnum):
    """How a call ended, in the port's words; `domain.operations.STATE_AFTER` is their only reader."""

    DONE = "done"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    ASK = "ask"
    NOT_APPLIED = "not_applied"
    IN_DOUBT = "in_doubt"


class ProviderState(StrEnum):
    """What the provider says of a payment as a whole, in our words."""

    WAITING = "waiting"  # the buyer still has to pay
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


class RequestState(StrEnum):
    """State of an effect that the provider carries out later (KOMOJU: refund request)."""

    PENDING = "pending"
    COMPLETED = "completed"
    REJECTED = "rejected"


class ResolutionClass(StrEnum):
    """How doubt about a write can be resolved (money-safety section 6)."""

    KEY_AND_LOOK_UP = "C1"
    LOOK_UP_ONLY = "C2"
    NEITHER = "C3"


class NotOffered(StrEnum):
    """Why an action is not available on a payment; pages translate it."""

    BUYER_HAS_TO_PAY = "buyer_has_to_pay"
    NOTHING_AUTHORISED = "nothing_authorised"
    NOTHING_CAPTURED = "nothing_captured"
    NOTHING_LEFT = "nothing_left"
    ALREADY_CAPTURED = "already_captured"
    PART_WITH_TAX = "part_with_tax"
    PART_NOT_SUPPORTED = "part_not_supported"
    STATE_FORBIDS = "state_forbids"
    NOT_SUPPORTED = "not_supported"
    PROVIDER_CHECKS = "provider_checks"  # the provider has not approved the order yet
    HOLD_EXPIRED = "hold_expired"  # what was reserved has lapsed
    NOT_ALLOWED_NOW = "not_allowed_now"  # the provider lists what it allows, and this is not in it
    CANNOT_RAISE = "cannot_raise"
    LINES_NEEDED = "lines_needed"
    LINES_DO_NOT_SUM = "lines_do_not_sum"
    WHOLE_UNITS_ONLY = "whole_units_only"
