"""The outbox alone; really sent deliveries are tried in test_sender.py."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from providers.emulator.faults import FaultPlan
from providers.emulator.records import Account
from providers.emulator.webhooks import Outbox
from tests.providers.emulator.ledgers import HandClock

ACCOUNT = Account("acc", "komoju", "test", "sk", webhook_url="http://127.0.0.1:9/")


def new_outbox(clock: HandClock | None = None) -> Outbox:
    return Outbox(clock or HandClock(), FaultPlan(Random(1)))


def test_an_event_without_an_address_is_kept_and_never_due():
    outbox = new_outbox()
    delivery = outbox.queue(replace(ACCOUNT, webhook_url=None), "e", "ping", "{}", {})
    assert delivery.state == "kept"
    assert outbox.due() == []
    assert [event.event_id for event in outbox.events("acc")] == ["e"]


def test_the_switch_deliver_holds_an_accounts_events_back():
    outbox = new_outbox()
    outbox.queue(replace(ACCOUNT, switches={"deliver": False}), "e", "ping", "{}", {})
    assert outbox.due() == []
    assert outbox.release_held() == 1
    assert len(outbox.due()) == 1


def test_a_delivery_is_given_up_after_three_repeats():
    clock = HandClock()
    outbox = new_outbox(clock)
    n = outbox.queue(ACCOUNT, "e", "ping", "{}", {}).n
    for _ in range(4):
        assert [one.n for one in outbox.due()] == [n]
        outbox.note(n, 500)
        assert outbox.due() == []
        clock.moment += timedelta(minutes=1)
    assert outbox.deliveries[n].state == "failed"
    assert outbox.deliveries[n].answers == [500] * 4


def test_a_doubled_event_is_listed_once_among_the_events():
    outbox = new_outbox()
    n = outbox.queue(ACCOUNT, "e", "ping", "{}", {}).n
    copy = outbox.double(n)
    assert (copy.copy_of, len(outbox.events("acc")), len(outbox.due())) == (n, 1, 2)


def test_the_answer_to_a_lost_delivery_changes_nothing():
    outbox = new_outbox()
    n = outbox.queue(ACCOUNT, "e", "ping", "{}", {}).n
    outbox.lose(n)
    outbox.note(n, 200)
    assert outbox.deliveries[n].state == "lost"
