"""Refusals whose text an operator may read; views show them, nothing was changed."""

from __future__ import annotations

import uuid
from typing import Any

from providers.kinds import NotOffered
from webapp.domain.permissions import Permission


class RuleBroken(Exception):
    """A rule forbids the wish. `code` names the rule for pages to translate, `facts` fill its text."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(f"{code} {facts}" if facts else code)
        self.code = code
        self.facts = facts


class NotFound(Exception):
    """No such row within the caller's shops; pages answer 404."""


class NotAvailable(RuleBroken):
    """The provider or the payment's state does not allow the action."""

    def __init__(self, why: NotOffered) -> None:
        super().__init__("not_available", why=why)
        self.why = why


class NotEnough(RuleBroken):
    """More was asked than is available; `available_minor` is what there is."""

    def __init__(self, available_minor: int, currency: str) -> None:
        super().__init__("not_enough", available_minor=available_minor, currency=currency)
        self.available_minor = available_minor


class TooLow(RuleBroken):
    """Another amount would be less than `least_minor`: what is captured, and what is promised to others."""

    def __init__(self, least_minor: int, currency: str) -> None:
        super().__init__("amount_too_low", least_minor=least_minor, currency=currency)
        self.least_minor = least_minor


class AvailableChanged(RuleBroken):
    """The available amount is no longer what the form showed (R16); pages answer 409 with fresh numbers."""

    def __init__(self, available_minor: int, currency: str) -> None:
        super().__init__("available_changed", available_minor=available_minor, currency=currency)
        self.available_minor = available_minor


class StaleVersion(RuleBroken):
    """The row was changed since the form was shown (R32); pages answer 409."""

    def __init__(self) -> None:
        super().__init__("stale_version")


class NoRight(Exception):
    """The person lacks a right; `shop_id` None: in every shop. Pages answer 403 and name who can help."""

    def __init__(self, permission: Permission, shop_id: uuid.UUID | None = None) -> None:
        super().__init__(permission.value)
        self.permission = permission
        self.shop_id = shop_id


class KeyRefused(Exception):
    """No key, one that is not ours, or one that was revoked; the API answers 401 and does not say which."""


class LimitReached(Exception):
    """Too many requests of one person or key; the next is taken after `wait_s` seconds. Pages answer 429."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s
