"""Roles, and what each may do in a shop (product.md section 12)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """One right; every route and job names the one it needs."""

    VIEW = "view"
    REFUND = "refund"
    WRITE_NOTE = "write_note"
    ASK_PROVIDER = "ask_provider"
    STOP_OWN = "stop_own"
    STOP_ANY = "stop_any"
    CAPTURE = "capture"
    CANCEL = "cancel"
    ADD_PAYMENT = "add_payment"
    APPROVE = "approve"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_SHOP = "manage_shop"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_OWNERS = "manage_owners"
    READ_AUDIT = "read_audit"
    SETTLE_REVIEW = "settle_review"
    FLIP_KILL_SWITCH = "flip_kill_switch"
    SET_STATUS = "set_status"
    IMPORT_ORDERS = "import_orders"
    RUN_JOBS = "run_jobs"
    MANAGE_JOBS = "manage_jobs"
    SWITCH_METHODS = "switch_methods"
    MANAGE_MAILS = "manage_mails"
    MANAGE_API_KEYS = "manage_api_keys"
    MANAGE_STATUS_ACTIONS = "manage_status_actions"
    CLOSE_CASES = "close_cases"


class Role(StrEnum):
    """A named set of rights, given to a user per shop."""

    VIEWER = "viewer"
    SUPPORT = "support"
    MERCHANT = "merchant"
    ADMIN = "admin"
    OWNER = "owner"


P = Permission
_VIEWER = frozenset({P.VIEW})
_SUPPORT = _VIEWER | {P.REFUND, P.WRITE_NOTE, P.ASK_PROVIDER, P.STOP_OWN}
_BY_RULE = frozenset({P.IMPORT_ORDERS, P.RUN_JOBS})  # what they set going is decided by rules, not by the person
_MERCHANT = (
    _SUPPORT | _BY_RULE | {P.CAPTURE, P.CANCEL, P.ADD_PAYMENT, P.APPROVE, P.STOP_ANY, P.SET_STATUS, P.CLOSE_CASES}
)
_SETTINGS = frozenset(
    {P.MANAGE_ACCOUNTS, P.MANAGE_SHOP, P.MANAGE_PEOPLE, P.MANAGE_JOBS, P.MANAGE_MAILS, P.MANAGE_API_KEYS}
)
_ADMIN = _VIEWER | _SETTINGS | _BY_RULE | {P.READ_AUDIT, P.FLIP_KILL_SWITCH, P.SWITCH_METHODS, P.MANAGE_STATUS_ACTIONS}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.SUPPORT: _SUPPORT,
        Role.MERCHANT: _MERCHANT,
        Role.ADMIN: _ADMIN,
        Role.OWNER: frozenset(Permission),
    }
)


API_RIGHTS = (P.VIEW, P.IMPORT_ORDERS, P.SET_STATUS, P.CAPTURE, P.CANCEL, P.REFUND)
"""What a key of the REST API may carry; every key may look."""


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """The roles that carry `permission`, weakest first."""
    return tuple(role for role in Role if permission in PERMISSIONS[role])
