"""Who may do what over the web: the guard of every route, the headers of every answer, the limits of money forms."""

from webapp.security.access import (
    check_right,
    client,
    current,
    find_current,
    limit_money_forms,
    public,
    requires,
    shops_in_view,
    signed_in,
    visible_shops,
    with_key,
)

__all__ = [
    "check_right",
    "client",
    "current",
    "find_current",
    "limit_money_forms",
    "public",
    "requires",
    "shops_in_view",
    "signed_in",
    "visible_shops",
    "with_key",
]
