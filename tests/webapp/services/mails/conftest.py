"""A mail server, and the desk that hands its mails over there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.desk import Desk
from tests.mail_catcher import Catcher, running_catcher


@pytest.fixture(scope="session")
def one_catcher() -> Iterator[Catcher]:
    """One mail server for the whole run; every test starts with an empty one."""
    with running_catcher() as catcher:
        yield catcher


@pytest.fixture
def catcher(one_catcher: Catcher, desk: Desk) -> Catcher:
    """The mail server of the desk."""
    one_catcher.empty()
    desk.use_mail_server(one_catcher.address)
    return one_catcher
