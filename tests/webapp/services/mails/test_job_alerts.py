"""A job that hangs is mailed once for its run and address."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.mails.letters import all_mails
from webapp.domain.mails import MailState
from webapp.domain.permissions import Role
from webapp.models import MailKind, Shop
from webapp.services import recovery
from webapp.services.mails.job_alerts import job_overdue
from webapp.services.unit_of_work import in_transaction

SINCE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def alert(desk: Desk, run_id: uuid.UUID) -> int:
    return in_transaction(lambda tx: job_overdue(tx, desk.shop_id, "refund", run_id, SINCE))


def test_it_is_mailed_once_for_a_run_and_each_address(desk: Desk) -> None:
    desk.change(Shop, desk.shop_id, failure_emails=["ana@shop.test", "ben@shop.test"])
    run_id = uuid.uuid4()
    assert [alert(desk, run_id), alert(desk, run_id)] == [2, 2]
    assert [(row.kind, row.subject_id) for row in all_mails()] == [(MailKind.JOB_OVERDUE, run_id)] * 2
    assert "https://desk.test/" in (all_mails()[0].body or "")
    alert(desk, uuid.uuid4())
    assert len(all_mails()) == 4


@pytest.mark.parametrize("off", [{"failure_emails": []}, {"failure_mails_on": False}])
def test_a_shop_that_wants_no_mail_gets_none(desk: Desk, off: dict[str, object]) -> None:
    desk.change(Shop, desk.shop_id, **({"failure_emails": ["ana@shop.test"]} | off))
    assert alert(desk, uuid.uuid4()) == 0
    assert all_mails() == []


def test_a_job_of_the_whole_desk_is_mailed_to_the_owners_R47(desk: Desk) -> None:
    desk.change(Shop, desk.shop_id, failure_emails=["ana@shop.test"])
    factories.user(desk.shop_id, Role.OWNER, email="olle@owners.test", language="sv", time_zone="Europe/Stockholm")
    told = in_transaction(lambda tx: job_overdue(tx, None, "verify", uuid.uuid4(), SINCE))
    assert told == 1
    (row,) = all_mails()
    assert (row.recipient, row.language, row.shop_id, row.mode) == ("olle@owners.test", "sv", None, None)
    assert row.subject.startswith("Paydesk: ")
    assert "13:00" in (row.body or "")


@pytest.mark.parametrize(("taken", "state"), [(SINCE, MailState.MAYBE_SENT), (factories.LONG_AGO, MailState.QUEUED)])
def test_one_that_may_have_been_mailed_before_a_restore_is_left_to_people_R29(
    desk: Desk, taken: datetime, state: MailState
) -> None:
    desk.change(Shop, desk.shop_id, failure_emails=["ana@shop.test"])
    recovery.enter(taken, desk.actor)
    alert(desk, uuid.uuid4())
    assert [row.state for row in all_mails()] == [state]
