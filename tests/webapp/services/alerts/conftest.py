"""A desk in which something can go wrong, and whom it is told."""

from __future__ import annotations

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.alerts.troubles import Troubles
from tests.webapp.services.webhooks import hooks
from webapp.domain.permissions import Role
from webapp.models import Shop


@pytest.fixture
def troubles(desk: Desk) -> Troubles:
    """Ana reads the shop's failure mail, Olle owns it; nothing is wrong."""
    desk.change(Shop, desk.shop_id, failure_emails=["ana@shop.test"], language="en")
    factories.user(desk.shop_id, Role.OWNER, email="olle@owners.test", language="sv")
    hooks.give_secret(desk)
    payment = desk.payment(3300)
    made = Troubles(desk, payment, desk.ask(payment, 100))
    made.publish()
    desk.drop_guards()  # so that the audit can be tampered with
    return made
