"""Which call a fault strikes."""

from random import Random

import pytest

from providers.emulator.faults import KINDS, Fault, FaultPlan, read_fault


def drawn(plan: FaultPlan, call: str, count: int, is_write: bool = True) -> list[bool]:
    return [plan.draw("komoju", call, is_write) is not None for _ in range(count)]


def test_a_fault_strikes_the_nth_call_of_its_name_and_then_no_more():
    plan = FaultPlan(Random(1))
    plan.add(Fault("hang_up", call="refund", nth=2))
    assert drawn(plan, "cancel", 3) == [False] * 3
    assert drawn(plan, "refund", 4) == [False, True, False, False]


def test_a_fault_strikes_as_often_as_it_was_told():
    plan = FaultPlan(Random(1))
    plan.add(Fault("hang_up", nth=2, times=2))
    plan.add(Fault("running", times=1))
    assert drawn(plan, "refund", 5) == [True, True, True, False, False]


def test_chances_are_the_same_for_the_same_seed():
    runs = []
    for _ in range(2):
        plan = FaultPlan(Random(7))
        plan.add(Fault("hang_up", probability=0.3))
        runs.append(drawn(plan, "refund", 200))
    assert runs[0] == runs[1]
    assert 30 < sum(runs[0]) < 90


def test_a_fault_of_another_provider_does_not_strike():
    plan = FaultPlan(Random(1))
    plan.add(Fault("hang_up", provider="klarna"))
    assert drawn(plan, "refund", 2) == [False, False]


def test_stale_reads_strike_reads_only_and_late_effects_writes_only():
    plan = FaultPlan(Random(1))
    plan.add(Fault("stale_read", times=1))
    plan.add(Fault("late_effect", times=1))
    first_read, first_write = plan.draw("komoju", "read", False), plan.draw("komoju", "refund", True)
    assert (first_read and first_read.kind, first_write and first_write.kind) == ("stale_read", "late_effect")


def test_webhook_faults_strike_deliveries_only():
    plan = FaultPlan(Random(1))
    plan.add(Fault("webhook_lost"))
    plan.add(Fault("hang_up"))
    struck = plan.draw("komoju", "webhook", True)
    assert struck is not None
    assert struck.kind == "webhook_lost"


def test_faults_are_removed_one_by_one_or_all():
    plan = FaultPlan(Random(1))
    ids = [plan.add(Fault("hang_up")).id for _ in range(3)]
    assert plan.clear(ids[1]) == 1
    assert [fault.id for fault in plan.faults] == [ids[0], ids[2]]
    assert plan.clear() == 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_asked_for(kind):
    assert read_fault({"kind": kind}).kind == kind


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "gremlins"},
        {"kind": "hang_up", "colour": "red"},
        {"kind": "hang_up", "nth": 0},
        {"kind": "hang_up", "nth": "1"},
        {"kind": "hang_up", "nth": 1.5},
        {"kind": "hang_up", "times": True},
        {"kind": "hang_up", "probability": 2},
        {"kind": "hang_up", "seconds": -1},
        {"kind": "error_after", "status": 200},
        {"kind": "error_after", "status": None},
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence(body):
    with pytest.raises(ValueError, match=r"\.$"):
        read_fault(body)
