"""The words of states, rights and roles: one table each, used by every page, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from webapp.domain.mails import MailState
from webapp.domain.operations import OperationState
from webapp.domain.payment_state import PaymentState
from webapp.domain.permissions import Permission, Role
from webapp.formatting.lazy import _l
from webapp.models import ImportState, RefundReason, WebhookState


@dataclass(frozen=True, slots=True)
class Tag:
    """How a state looks. Colours: neutral nothing to do, blue under way, green done, amber needs a look,
    red failed or money at risk, violet we do not know yet."""

    word: str
    colour: str
    icon: str


O, P, W, M = OperationState, PaymentState, WebhookState, MailState  # noqa: E741 - letters that only this table uses
I = ImportState  # noqa: E741

STATES: Mapping[tuple[type[StrEnum], str] | str, Tag] = {
    (O, O.AWAITING_APPROVAL): Tag(_l("Waiting for approval"), "amber", "pause"),
    (O, O.QUEUED): Tag(_l("Waiting to be sent"), "blue", "clock"),
    (O, O.SENDING): Tag(_l("Being sent"), "blue", "send"),
    (O, O.UNKNOWN): Tag(_l("We do not know yet"), "violet", "question"),
    (O, O.PENDING): Tag(_l("Accepted by the provider"), "blue", "clock"),
    (O, O.REVIEW): Tag(_l("Needs a decision"), "amber", "eye"),
    (O, O.SUCCEEDED): Tag(_l("Done"), "green", "check"),
    (O, O.REJECTED): Tag(_l("Not done"), "red", "cross"),
    (O, O.WITHDRAWN): Tag(_l("Stopped before sending"), "neutral", "minus"),
    (O, O.EXPIRED): Tag(_l("Lapsed before sending"), "neutral", "minus"),
    (P, P.WAITING): Tag(_l("Waiting for the buyer"), "neutral", "clock"),
    (P, P.AUTHORISED): Tag(_l("Reserved"), "blue", "lock"),
    (P, P.CAPTURE_SCHEDULED): Tag(_l("Capture planned"), "blue", "clock"),
    (P, P.PART_CAPTURED): Tag(_l("Partly captured"), "blue", "lock"),
    (P, P.CAPTURED): Tag(_l("Captured"), "green", "check"),
    (P, P.PART_REFUNDED): Tag(_l("Partly refunded"), "neutral", "refund"),
    (P, P.REFUNDED): Tag(_l("Refunded"), "neutral", "refund"),
    (P, P.CANCELLED): Tag(_l("Cancelled"), "neutral", "minus"),
    (P, P.EXPIRED): Tag(_l("Expired"), "neutral", "minus"),
    (P, P.FAILED): Tag(_l("Failed"), "red", "cross"),
    (P, P.HELD): Tag(_l("Frozen"), "red", "warning"),
    (P, P.UNCLEAR): Tag(_l("Unclear"), "amber", "warning"),
    (W, W.WAITING): Tag(_l("Being looked into"), "blue", "clock"),
    (W, W.DONE): Tag(_l("Looked into"), "green", "check"),
    (W, W.IGNORED): Tag(_l("Nothing to do"), "neutral", "minus"),
    (W, W.REFUSED): Tag(_l("Not genuine"), "red", "warning"),
    (W, W.FAILED): Tag(_l("Could not be looked into"), "amber", "warning"),
    (M, M.QUEUED): Tag(_l("Waiting to be sent"), "blue", "clock"),
    (M, M.SENDING): Tag(_l("Being sent"), "blue", "send"),
    (M, M.SENT): Tag(_l("Sent"), "green", "check"),
    (M, M.FAILED): Tag(_l("Failed"), "red", "cross"),
    (M, M.MAYBE_SENT): Tag(_l("Maybe sent"), "violet", "question"),
    (M, M.STOPPED): Tag(_l("Stopped"), "neutral", "minus"),
    (I, I.UPLOADING): Tag(_l("Being sent"), "blue", "clock"),
    (I, I.CHECKING): Tag(_l("Being checked"), "blue", "clock"),
    (I, I.READY): Tag(_l("Waiting for a decision"), "amber", "eye"),
    (I, I.REFUSED): Tag(_l("Refused"), "red", "cross"),
    (I, I.APPLYING): Tag(_l("Being brought in"), "blue", "clock"),
    (I, I.TAKING_BACK): Tag(_l("Being taken back"), "blue", "clock"),
    (I, I.FINISHING): Tag(_l("Being completed"), "blue", "clock"),
    (I, I.READING): Tag(_l("Payments are being read"), "blue", "clock"),
    (I, I.DONE): Tag(_l("Brought in"), "green", "check"),
    (I, I.DISCARDED): Tag(_l("Discarded"), "neutral", "minus"),
    "test": Tag(_l("Test"), "amber", "info"),
    "live": Tag(_l("Live"), "neutral", "check"),
    "enabled": Tag(_l("Can sign in"), "green", "check"),
    "disabled": Tag(_l("Disabled"), "neutral", "minus"),
    "invited": Tag(_l("Invited"), "blue", "clock"),
    "breaker_closed": Tag(_l("Sending"), "green", "check"),
    "in_force": Tag(_l("In force"), "green", "check"),
    "revoked": Tag(_l("Revoked"), "neutral", "minus"),
    "on": Tag(_l("On"), "green", "check"),
    "off": Tag(_l("Off"), "neutral", "minus"),
    "new": Tag(_l("New"), "blue", "info"),
    "gone": Tag(_l("No longer offered"), "amber", "warning"),
    "breaker_open": Tag(_l("Sending is stopped"), "red", "stop"),
}

RIGHTS: Mapping[Permission, str] = {
    Permission.VIEW: _l("see orders and payments"),
    Permission.REFUND: _l("refund"),
    Permission.WRITE_NOTE: _l("write notes"),
    Permission.ASK_PROVIDER: _l("ask the provider about an unknown result"),
    Permission.STOP_OWN: _l("stop own refunds"),
    Permission.STOP_ANY: _l("stop refunds of others"),
    Permission.CAPTURE: _l("capture"),
    Permission.CANCEL: _l("cancel"),
    Permission.ADD_PAYMENT: _l("add payments"),
    Permission.APPROVE: _l("approve"),
    Permission.MANAGE_ACCOUNTS: _l("manage provider accounts"),
    Permission.MANAGE_SHOP: _l("manage the shop"),
    Permission.MANAGE_PEOPLE: _l("manage people"),
    Permission.MANAGE_OWNERS: _l("manage admins and owners"),
    Permission.READ_AUDIT: _l("read the audit"),
    Permission.SETTLE_REVIEW: _l("decide on results that need a decision"),
    Permission.FLIP_KILL_SWITCH: _l("use kill switches"),
    Permission.SET_STATUS: _l("change the status of orders"),
    Permission.IMPORT_ORDERS: _l("import orders"),
    Permission.RUN_JOBS: _l("run jobs now"),
    Permission.MANAGE_JOBS: _l("plan jobs"),
    Permission.SWITCH_METHODS: _l("switch payment methods"),
    Permission.MANAGE_MAILS: _l("look after outgoing mail"),
    Permission.MANAGE_API_KEYS: _l("manage API keys"),
    Permission.MANAGE_STATUS_ACTIONS: _l("decide what order statuses set going"),
    Permission.CLOSE_CASES: _l("set cases aside"),
}

ROLES: Mapping[Role, tuple[str, str]] = {
    Role.VIEWER: (_l("Viewer"), _l("Sees orders, payments and lists, and changes nothing.")),
    Role.SUPPORT: (
        _l("Support"),
        _l("Files refunds, writes notes, asks the provider about unknown results and stops own refunds."),
    ),
    Role.MERCHANT: (
        _l("Merchant"),
        _l("May do what support may; also captures, cancels, adds payments, approves and stops any refund."),
    ),
    Role.ADMIN: (
        _l("Admin"),
        _l("Manages provider accounts, the shop, people and kill switches and reads the audit; moves no money."),
    ),
    Role.OWNER: (
        _l("Owner"),
        _l("May do everything, gives the roles of admin and owner, and decides on results that need a decision."),
    ),
}


REASONS: Mapping[str, str] = {
    "returned": _l("Returned"),
    "damaged": _l("Damaged"),
    "not_delivered": _l("Not delivered"),
    "wrong_item": _l("Wrong item"),
    "duplicate_order": _l("Duplicate order"),
    "price_adjustment": _l("Price adjustment"),
    "order_cancelled": _l("Order cancelled"),
    "goodwill": _l("Goodwill"),
    "suspected_fraud": _l("Suspected fraud"),
    "other": _l("Other"),
}


def reason_name(reason: RefundReason) -> str:
    """The shop's own name for a reason, else the translated code."""
    return reason.name or str(REASONS.get(reason.code, reason.code))


WITH_STATES = (OperationState, PaymentState, WebhookState, MailState, ImportState)


def state_tag(state: StrEnum | str) -> Tag:
    """Word, colour and icon of a state, of a class in WITH_STATES or a plain word."""
    key = (type(state), state) if isinstance(state, WITH_STATES) else str(state)
    return STATES[key]


def right_name(permission: Permission) -> str:
    """A right as words that follow “may”."""
    return str(RIGHTS[permission])


def role_name(role: Role) -> str:
    """A role in one word."""
    return str(ROLES[role][0])


def role_sentence(role: Role) -> str:
    """What a role allows, in one sentence."""
    return str(ROLES[role][1])
