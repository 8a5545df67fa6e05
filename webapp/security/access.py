"""What a route declares, and what a view asks about the person who is signed in.

Every view carries exactly one of `@requires(Permission.X)`, `@with_key(Permission.X)`, `@signed_in` or `@public`; the
guard in guard.py reads it, and create_app() refuses to start when one is missing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import abort, g, request, session
from flask.typing import ResponseReturnValue

from webapp.domain.permissions import Permission
from webapp.services import rate_limits
from webapp.services.api.keys import Client
from webapp.services.errors import LimitReached, NoRight
from webapp.services.sessions import SignedIn

View = TypeVar("View", bound=Callable[..., Any])
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Access:
    """What a route declares: open to all, to everybody signed in, or to a right in at least one shop.

    `by_key`: a call of the REST API. It knows no cookie and no person; its key is what counts.
    """

    is_public: bool = False
    permission: Permission | None = None
    by_key: bool = False


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare that a view needs `permission` in at least one shop; which one, the view checks with `check_right`."""
    return _declare(Access(permission=permission))


def with_key(permission: Permission) -> Callable[[View], View]:
    """Declare a call of the REST API, which needs a key that carries `permission`."""
    return _declare(Access(permission=permission, by_key=True))


def signed_in(view: View) -> View:
    """Declare that a view is open to everybody who is signed in, because it shows only their own things."""
    return _declare(Access())(view)


def public(view: View) -> View:
    """Declare that a view needs no sign-in."""
    return _declare(Access(is_public=True))(view)


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        if hasattr(view, "access"):
            raise RuntimeError(f"{view.__module__}.{view.__name__} declares its access twice")
        view.access = access  # type: ignore[attr-defined]  # read by the guard
        return view

    return mark


def find_current() -> SignedIn | None:
    """The person who is signed in, or None."""
    person: SignedIn | None = g.get("signed_in")
    return person


def current() -> SignedIn:
    """The person who is signed in. RuntimeError on a public page without one: a fault of ours."""
    person = find_current()
    if person is None:
        raise RuntimeError("Nobody is signed in here")
    return person


def client() -> Client:
    """The holder of the key that came with a call of the REST API. RuntimeError elsewhere: a fault of ours."""
    holder: Client | None = g.get("client")
    if holder is None:
        raise RuntimeError("No key came with this request")
    return holder


def visible_shops(permission: Permission = Permission.VIEW) -> frozenset[uuid.UUID]:
    """The shops in which the person has `permission`. Every query of shop-bound rows filters by it."""
    return current().shops_with(permission)


def chosen_shop() -> uuid.UUID | None:
    """The shop chosen in the top bar; None is all shops."""
    try:
        shop_id = uuid.UUID(session.get("shop", ""))
    except ValueError:
        return None
    return shop_id if shop_id in current().grants else None


def shops_in_view(permission: Permission = Permission.VIEW) -> frozenset[uuid.UUID]:
    """`visible_shops`, narrowed to the shop chosen in the top bar: what lists and counts show."""
    shops, chosen = visible_shops(permission), chosen_shop()
    return shops if chosen is None else shops & {chosen}


def check_right(permission: Permission, shop_id: uuid.UUID) -> None:
    """Stop with 404 when the person cannot see the shop at all, with the no-right page when they lack `permission`."""
    person = current()
    if not person.may(Permission.VIEW, shop_id):
        abort(404)
    if not person.may(permission, shop_id):
        raise NoRight(permission, shop_id)


def limit_money_forms(view: View) -> View:
    """Decorator under `@requires`: at most ten posts of money forms a minute and person, else 429 and when to try."""

    @wraps(view)
    def limited(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if request.method not in SAFE_METHODS:
            subject = str(current().user_id)
            limit, window = rate_limits.MONEY_FORM_LIMIT, rate_limits.MONEY_FORM_WINDOW
            wait_s = rate_limits.take(rate_limits.MONEY_FORMS, subject, limit, window)
            if wait_s:
                raise LimitReached(wait_s)
        answer: ResponseReturnValue = view(*args, **kwargs)
        return answer

    return limited  # type: ignore[return-value]  # same signature
