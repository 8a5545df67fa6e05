"""The API over a real desk on both databases."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.desk import Desk
from tests.webapp.api.caller import Caller, make_key
from tests.webapp.services.conftest import one_emulator
from tests.webapp.views.conftest import database_url, desk, desk_app

__all__ = ["database_url", "desk", "desk_app", "one_emulator"]  # fixtures, shared


@pytest.fixture
def erp(desk_app: Flask, desk: Desk) -> Caller:
    """A program with a key that may do everything in the desk's shop, in test mode."""
    return Caller(desk_app, make_key({desk.shop_id})[1])
