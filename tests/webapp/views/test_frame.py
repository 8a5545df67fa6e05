"""What stands around every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from tests import factories
from tests.desk import Desk
from tests.webapp.visitor import Visitor
from webapp.domain.permissions import Role
from webapp.extensions import db


def test_the_menu_lists_what_the_person_may_open(visitor_as: Callable[..., Visitor]) -> None:
    viewer = visitor_as(Role.VIEWER).get("/menu")
    admin = visitor_as(Role.ADMIN, name="Ada").get("/menu")
    assert "Kill switches" not in viewer.words
    assert admin.link("/kill-switches") == "Kill switches"
    assert viewer.link("/refunds") == admin.link("/refunds") == "Refunds"


def test_all_that_stands_around_a_page_comes_with_the_session(desk_app: Flask, desk: Desk, merchant: Visitor) -> None:
    factories.grant(desk.user_id, factories.shop("beans").id)
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    with desk_app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
    page = merchant.get("/menu")
    shops = [each for each in page.all("select") if each.attributes["id"] == "pick-shop"]
    assert [" ".join(each.text.split()) for each in shops] == ["All my shops BeansTea"]
    reads = [statement for statement in seen if not statement.startswith(("BEGIN", "PRAGMA"))]
    assert len(reads) == 1 + desk.is_postgresql  # which is asked for the time, too: SQLite's clock is this process's


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_page_leaves_the_prepared_statements_for_the_next(desk_app: Flask, merchant: Visitor) -> None:
    for _each in range(8):
        merchant.get("/menu")
    with desk_app.app_context():
        assert db.session.execute(text("select count(*) from pg_prepared_statements")).scalar_one() > 0
