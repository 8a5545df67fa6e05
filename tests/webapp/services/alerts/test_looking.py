"""Alerts (R47): one row and one mail for each occurrence, whoever looks, dies or sleeps; over, and back again."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.alerts.troubles import Troubles, alerts, mails_about
from tests.webapp.services.mails.letters import all_mails
from tests.webapp.services.orders.conftest import statements
from tests.webapp.services.orders.test_plans import explained
from webapp.domain.alerts import CALM, AlertKind
from webapp.domain.mails import MailState
from webapp.domain.permissions import Role
from webapp.models import Mode, Payment, Shop
from webapp.services import recovery
from webapp.services.alerts import keeping, looking
from webapp.services.alerts.looking import Spot
from webapp.services.alerts.watching import DESK, WATCHES
from webapp.services.mails import queueing
from webapp.services.mails.letters import Letter
from webapp.services.unit_of_work import Tx, in_transaction, reading

__all__ = ["statements"]  # a fixture, shared
K = AlertKind
OF_DESK = {K.BOOKS, K.AUDIT, K.OUTBOX}


@pytest.mark.parametrize("kind", list(AlertKind))
def test_each_kind_opens_once_is_mailed_once_ends_and_comes_again_R41_R47(troubles: Troubles, kind: AlertKind) -> None:
    desk, of_desk = troubles.desk, kind in OF_DESK
    assert looking.look() == 0
    troubles.begin(kind)
    assert (looking.look(), looking.look()) == (1, 0)
    (first,) = alerts(kind)
    assert (first.shop_id, first.mode) == ((None, None) if of_desk else (desk.shop_id, Mode.TEST))
    assert first.wrong_since <= first.opened_at
    (mail,) = all_mails()
    assert (mail.subject_id, mail.shop_id, mail.mode) == (first.id, first.shop_id, first.mode)
    wanted = ("olle@owners.test", "sv") if of_desk else ("ana@shop.test", "en")
    assert (mail.recipient, mail.language) == wanted
    troubles.end(kind)
    looking.look()
    if kind in CALM:
        assert alerts(kind)[0].closed_at is None
        desk.later(seconds=CALM[kind].total_seconds())
        troubles.publish()
        looking.look()
    assert alerts(kind)[0].closed_at is not None
    troubles.begin(kind)
    looking.look()
    assert [(each.closed_at is None) for each in alerts(kind)] == [False, True]
    assert [len(mails_about(each)) for each in alerts(kind)] == [1, 1]


def test_two_processes_that_look_at_once_open_and_mail_each_alert_once_R41(
    troubles: Troubles, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (K.FROZEN, K.REVIEW, K.OUTBOX):
        troubles.begin(kind)
    together, changed = threading.Barrier(2), looking._changed

    def both_have_seen(tx: Tx, now: datetime) -> Sequence[Spot]:
        found = changed(tx, now)
        together.wait(60)
        return found

    monkeypatch.setattr(looking, "_changed", both_have_seen)
    opened: list[int] = []
    lookers = [threading.Thread(target=lambda: opened.append(looking.look())) for _ in range(2)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert sum(opened) == 3
    for kind in (K.FROZEN, K.REVIEW, K.OUTBOX):
        assert len(mails_about(*alerts(kind))) == len(alerts(kind)) == 1


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


def test_one_that_dies_between_the_alert_and_its_mails_leaves_nothing_R41(
    troubles: Troubles, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles.desk.change(Shop, troubles.desk.shop_id, failure_emails=["ana@shop.test", "ben@shop.test"])
    troubles.begin(K.FROZEN)
    add = queueing.add

    def die_at_ben(tx: Tx, letter: Letter) -> Any:
        if letter.recipient == "ben@shop.test":
            raise Killed
        return add(tx, letter)

    monkeypatch.setattr(queueing, "add", die_at_ben)
    with pytest.raises(Killed):
        looking.look()
    assert (alerts(K.FROZEN), all_mails()) == ([], [])
    monkeypatch.undo()
    assert (looking.look(), looking.look()) == (1, 0)
    assert [mail.recipient for mail in mails_about(*alerts(K.FROZEN))] == ["ana@shop.test", "ben@shop.test"]


def test_one_that_slept_since_it_looked_opens_nothing_that_is_over(troubles: Troubles) -> None:
    assert not looking._settle((K.OUTBOX, DESK))
    assert (alerts(K.OUTBOX), all_mails()) == ([], [])


def test_what_comes_and_goes_within_its_calm_time_is_one_occurrence(troubles: Troubles) -> None:
    """Of a flood at most 60 messages an hour are kept: it is not mailed again each hour."""
    for _wave in range(3):
        troubles.forge()
        looking.look()
        troubles.desk.later(minutes=59)
        troubles.publish()
        looking.look()
    (flood,) = alerts(K.SIGNATURES)
    assert flood.closed_at is None
    assert len(mails_about(flood)) == 1


@pytest.mark.parametrize("count", [10, 11])
def test_more_than_ten_refused_messages_a_minute_are_an_alert_R47(troubles: Troubles, count: int) -> None:
    troubles.forge(count)
    assert looking.look() == count - 10


@pytest.mark.parametrize("off", [{"failure_emails": []}, {"failure_mails_on": False}])
def test_a_shop_that_wants_no_mail_gets_none_later_either(troubles: Troubles, off: dict[str, object]) -> None:
    troubles.desk.change(Shop, troubles.desk.shop_id, **off)
    troubles.begin(K.FROZEN)
    assert looking.look() == 1
    troubles.desk.change(Shop, troubles.desk.shop_id, failure_emails=["ana@shop.test"], failure_mails_on=True)
    assert looking.look() == 0
    assert all_mails() == []


def test_test_and_live_have_alerts_of_their_own(troubles: Troubles) -> None:
    desk, live = troubles.desk, troubles.desk.payment(500)
    troubles.publish()
    troubles.begin(K.FROZEN)
    since = desk.row(troubles.payment).frozen_at
    desk.change(Payment, live, mode=Mode.LIVE, frozen_at=since, frozen_reason="difference")
    assert looking.look() == 2
    said = {(mail.mode, mail.subject.startswith("[Test] Tea")) for mail in all_mails()}
    assert said == {(Mode.TEST, True), (Mode.LIVE, False)}


def test_matters_of_no_shop_go_to_owners_who_may_sign_in_each_in_their_language_R47(troubles: Troubles) -> None:
    other = factories.shop("print")
    factories.user(other.id, Role.OWNER, email="fia@owners.test", language="fr")
    factories.user(other.id, Role.OWNER, email="gone@owners.test", disabled_at=factories.LONG_AGO)
    factories.user(other.id, Role.ADMIN, email="adam@print.test")
    troubles.begin(K.OUTBOX)
    looking.look()
    assert {(mail.recipient, mail.language) for mail in all_mails()} == {
        ("olle@owners.test", "sv"),
        ("fia@owners.test", "fr"),
    }


def test_what_may_have_been_mailed_before_a_restore_is_left_to_people_R29(troubles: Troubles) -> None:
    troubles.begin(K.FROZEN)
    since = troubles.desk.row(troubles.payment).frozen_at
    assert since is not None
    recovery.enter(since, troubles.desk.actor)
    looking.look()
    assert [mail.state for mail in mails_about(*alerts(K.FROZEN))] == [MailState.MAYBE_SENT]


def test_a_look_that_finds_nothing_new_is_a_few_reads(troubles: Troubles, statements: Callable[[], Any]) -> None:
    troubles.begin(K.FROZEN)
    looking.look()
    with statements() as seen:
        looking.look()
    assert len(seen) == 1 + len(AlertKind) + troubles.desk.is_postgresql  # which is asked for the time, too
    assert all(statement.upper().startswith("SELECT") for statement in seen)


def test_each_kind_is_found_over_an_index_of_what_is_open_or_new(desk: Desk) -> None:
    """SQLite: a walk along the index of frozen payments alone is one, too."""
    with reading() as tx, explained(tx) as plans:
        for watch in WATCHES.values():
            watch(tx, desk.clock.now(tx))
    tables = "payments|operations|webhook_messages|wake_ups|job_runs"
    scans = [line for plan in plans for line in plan.splitlines() if re.search(rf"(Seq Scan on|SCAN) ({tables})", line)]
    assert [line for line in scans if "ix_payments_frozen" not in line] == []
    for index in ("ix_operations_(shop_state|needing)", "ix_webhook_messages_", "ix_wake_ups_waiting"):
        assert any(re.search(index, plan) for plan in plans), index


def test_open_alerts_are_counted_where_one_may_look_and_old_ones_dropped(desk: Desk, troubles: Troubles) -> None:
    troubles.begin(K.FROZEN)
    troubles.begin(K.OUTBOX)
    looking.look()

    def count(*shops: Any, mode: Mode = Mode.TEST, desk_too: bool = False) -> set[AlertKind]:
        found = in_transaction(lambda tx: keeping.count_open(tx, shops, mode, desk_too=desk_too))
        return {kind for kind, number in found.items() if number}

    assert count(desk.shop_id) == {K.FROZEN}
    assert count(desk.shop_id, mode=Mode.LIVE) == count(factories.shop("print").id) == set()
    assert count(desk.shop_id, desk_too=True) == {K.FROZEN, K.OUTBOX}
    troubles.end(K.FROZEN)
    looking.look()
    for days, left in ((89, 1), (2, 0)):
        desk.later(days=days)
        in_transaction(lambda tx: keeping.forget_old(tx, desk.clock.now(tx)))
        assert len(alerts(K.FROZEN)) == left
    assert len(alerts(K.OUTBOX)) == 1
