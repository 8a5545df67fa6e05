"""Alerts with real processes: a scheduler that dies over one leaves it to the next, with one mail (R41, R47)."""

from __future__ import annotations

import pytest

from tests import factories
from tests.kills.blows import Blow
from tests.kills.programs import until
from tests.kills.world import World
from tests.webapp.services.alerts.troubles import alerts, mails_about
from webapp.domain.alerts import AlertKind
from webapp.models import Payment, Shop

pytestmark = [pytest.mark.kill, pytest.mark.timeout(180)]


@pytest.mark.parametrize(
    ("nth", "left"), [pytest.param(1, 0, marks=pytest.mark.slow), (2, 0), pytest.param(3, 1, marks=pytest.mark.slow)]
)
def test_a_killed_scheduler_leaves_an_alert_with_its_mail_or_neither_R41(world: World, nth: int, left: int) -> None:
    """Before the mail is written, before the commit, and after it."""
    desk = world.desk
    desk.change(Shop, desk.shop_id, failure_emails=["ana@shop.test"])
    payment = desk.payment(3300)
    desk.change(Payment, payment, frozen_at=factories.LONG_AGO, frozen_reason="difference")
    world.until_dead(world.start("scheduler", Blow("alert", nth), clean_every="1"))
    found = alerts(AlertKind.FROZEN)
    assert (len(found), len(mails_about(*found))) == (left, left)
    for _ in range(2):
        world.start("scheduler", clean_every="1")
    until(lambda: alerts(AlertKind.FROZEN), 30, "another one finds it")
    desk.change(Payment, payment, frozen_at=None, frozen_reason=None)
    until(lambda: alerts(AlertKind.FROZEN)[0].closed_at, 30, "it is over")
    (alert,) = alerts(AlertKind.FROZEN)
    assert len(mails_about(alert)) == 1
