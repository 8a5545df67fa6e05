"""What stands around every page."""

from __future__ import annotations

from collections.abc import Callable

from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role


def test_the_menu_lists_what_the_person_may_open(visitor_as: Callable[..., Visitor]) -> None:
    viewer = visitor_as(Role.VIEWER).get("/menu")
    admin = visitor_as(Role.ADMIN, name="Ada").get("/menu")
    assert "Kill switches" not in viewer.words
    assert admin.link("/kill-switches") == "Kill switches"
    assert viewer.link("/refunds") == admin.link("/refunds") == "Refunds"
