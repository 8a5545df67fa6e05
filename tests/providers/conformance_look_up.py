"""What an adapter of class C2 has to prove: there is no key, so an order that is read tells what was done.

The suite plays the part of the engine: a baseline before each send, a comparison with it after doubt, and absence
believed only after the settle window, in two reads 60 s apart (money-safety section 6, R26).
"""

from typing import Any

import pytest

from providers.errors import OutcomeUnknown
from providers.kinds import Outcome, ResolutionClass
from providers.port import WireCall
from tests.providers.conformance import Conformance
from tests.providers.rigs import CANCEL, CAPTURE, MOVED, REFUND, Rig

KINDS = [(CAPTURE, 3300), (CANCEL, 3300), (REFUND, 700), (REFUND, 3300)]


def moved_since(rig: Rig, ref: str, kind: Any, baseline: dict[str, int]) -> list[int]:
    """The amounts of what is new since `baseline`: movements by their id, and what totals and the level grew by."""
    grown = ((name, minor - baseline.get(name, 0)) for name, minor in rig.shown(ref, kind))
    return [minor for _, minor in grown if minor]


def settle(rig: Rig) -> None:
    """Let the window pass after which absence may be believed."""
    rig.emulator.advance(rig.provider.capabilities.settle_s + 1)


class LookUpConformance(Conformance):
    """Class C2."""

    def cure(self, rig, ref, call):
        """Look; only after proven absence the same bytes go out once more. One effect, whatever the answer was."""
        settle(rig)
        first = moved_since(rig, ref, call.kind, {})
        rig.emulator.advance(61)
        if not first and not moved_since(rig, ref, call.kind, {}):
            assert rig.provider.send(call).outcome in rig.good
        assert len(moved_since(rig, ref, call.kind, {})) == 1
        assert rig.effects(ref, call.kind) == 1

    def lose(self, rig: Rig, call: WireCall, fault: str, **fields: Any) -> None:
        """Send without ever hearing the answer."""
        rig.fault(fault, call.kind, **fields)
        with pytest.raises(OutcomeUnknown):
            rig.provider.send(call)

    def ready(self, rig: Rig, kind: Any) -> str:
        """A payment on which `kind` can be done."""
        return str((rig.captured if kind is REFUND else rig.authorised)(3300))

    def test_the_class_has_no_key_a_baseline_and_a_settle_window(self, rig):
        can = rig.provider.capabilities
        assert (can.resolution, can.key_window_s, can.fetch_before_send) == (ResolutionClass.LOOK_UP_ONLY, 0, True)
        assert can.settle_s >= 15 * 60

    @pytest.mark.parametrize(("kind", "minor"), KINDS)
    def test_i5_a_lost_answer_is_found_as_the_one_new_movement_of_our_kind_and_amount(self, rig, kind, minor):
        ref = self.ready(rig, kind)
        baseline = dict(rig.shown(ref, kind))
        self.lose(rig, rig.prepare(kind, ref, minor), "timeout_after", seconds=0)
        assert moved_since(rig, ref, kind, baseline) == [minor]
        assert rig.effects(ref, kind) == 1

    def test_what_was_there_before_is_in_the_baseline_and_not_taken_for_ours(self, rig):
        ref = rig.captured(3300)
        rig.portal(ref, "refund", amount_minor=700)
        baseline = dict(rig.shown(ref, REFUND))
        call = rig.prepare(REFUND, ref, 700)
        assert moved_since(rig, ref, REFUND, baseline) == []
        self.lose(rig, call, "timeout_after", seconds=0)
        assert moved_since(rig, ref, REFUND, baseline) == [700]

    def test_what_staff_did_meanwhile_never_looks_like_our_amount_alone(self, rig):
        """Two candidates, or another amount: people decide."""
        ref = rig.captured(3300)
        baseline = dict(rig.shown(ref, REFUND))
        self.lose(rig, rig.prepare(REFUND, ref, 700), "timeout_after", seconds=0)
        rig.portal(ref, "refund", amount_minor=700)
        assert moved_since(rig, ref, REFUND, baseline) != [700]

    @pytest.mark.parametrize(("kind", "minor"), KINDS)
    def test_absence_is_shown_by_reads_and_one_fresh_send_makes_the_one_effect(self, rig, kind, minor):
        ref = self.ready(rig, kind)
        call = rig.prepare(kind, ref, minor)
        self.lose(rig, call, "hang_up")
        for seconds in (1, rig.provider.capabilities.settle_s, 61):
            rig.emulator.advance(seconds)
            assert moved_since(rig, ref, kind, {}) == []
        assert rig.provider.send(call).outcome in rig.good
        assert moved_since(rig, ref, kind, {}) == [minor]
        assert rig.effects(ref, kind) == 1

    def test_r26_a_late_effect_is_absent_first_and_found_within_the_settle_window(self, rig):
        ref = rig.captured(3300)
        self.lose(rig, rig.prepare(REFUND, ref, 700), "late_effect", seconds=300, hold=0)
        assert moved_since(rig, ref, REFUND, {}) == []
        settle(rig)
        assert moved_since(rig, ref, REFUND, {}) == [700]
        assert rig.effects(ref) == 1

    def test_r26_an_old_read_shows_less_and_never_something_else(self, rig):
        ref = rig.captured(3300)
        rig.emulator.advance(120)
        rig.provider.send(rig.prepare(REFUND, ref, 700))
        rig.emulator.fault("stale_read", "read", nth=1, seconds=60)
        assert moved_since(rig, ref, REFUND, {}) == []
        assert moved_since(rig, ref, REFUND, {}) == [700]

    def test_i9_the_same_state_reads_the_same_and_its_sums_are_those_of_its_parts(self, rig):
        ref = rig.captured(3300)
        rig.provider.send(rig.prepare(REFUND, ref, 700))
        rig.portal(ref, "refund", amount_minor=100)
        first, second = rig.provider.fetch_payment(ref), rig.provider.fetch_payment(ref)
        assert first == second
        for kind, total in ((CAPTURE, first.captured), (REFUND, first.refunded)):
            parts = [one for one in (*first.movements, *first.totals) if one.kind is MOVED[kind]]
            assert sum(one.money.minor for one in parts) == total.minor
        assert first.refunded.minor == 800

    def test_slow_bytes_are_only_slow(self, rig):
        ref = rig.captured(3300)
        rig.fault("slow_bytes", seconds=0.2)
        assert rig.provider.send(rig.prepare(REFUND, ref, 700)).outcome in rig.good
        assert rig.amounts(ref, REFUND) == [700]


class TargetConformance:
    """For calls that name a total to reach: the same bytes never move money twice."""

    def test_a_target_that_was_reached_is_refused_asked_and_shown_as_reached(self, rig):
        ref = rig.captured(3300)
        call = rig.prepare(REFUND, ref, 700)
        assert rig.provider.send(call).outcome in rig.good
        again = rig.provider.send(call)
        assert (again.outcome, again.http_status) == (Outcome.ASK, 400)
        assert (rig.amounts(ref, REFUND), rig.effects(ref)) == ([700], 1)

    def test_a_second_send_after_a_late_first_one_moves_nothing_more(self, rig):
        """R27's residual risk does not exist for these calls."""
        ref = rig.captured(3300)
        call = rig.prepare(REFUND, ref, 700)
        rig.fault("late_effect", seconds=3600, hold=0)
        with pytest.raises(OutcomeUnknown):
            rig.provider.send(call)
        assert rig.provider.send(call).outcome in rig.good
        rig.emulator.advance(7200)
        assert (rig.amounts(ref, REFUND), rig.effects(ref)) == ([700], 1)
