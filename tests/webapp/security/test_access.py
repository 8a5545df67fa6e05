"""Money forms are limited per person; what a view declares, it declares once."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask, g

from webapp.domain.permissions import Permission
from webapp.security import limit_money_forms, public, requires
from webapp.services.errors import LimitReached


def test_the_eleventh_money_form_of_a_minute_is_refused_and_says_when_to_try_again(app: Flask) -> None:
    @limit_money_forms
    def view() -> str:
        return "done"

    person = type("Person", (), {"user_id": uuid4()})()
    for number in range(12):
        with app.test_request_context(method="POST"):
            g.signed_in = person
            if number < 10:
                assert view() == "done"
            else:
                with pytest.raises(LimitReached) as refused:
                    view()
                assert 1 <= refused.value.wait_s <= 60
    with app.test_request_context(method="GET"):
        g.signed_in = person
        assert view() == "done", "looking at a form is never limited"


def test_a_view_declares_its_access_once() -> None:
    with pytest.raises(RuntimeError, match="twice"):

        @public
        @requires(Permission.VIEW)
        def view() -> str:
            return ""
