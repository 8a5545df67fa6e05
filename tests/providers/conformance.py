"""What every adapter has to prove over HTTP against its emulator (money-safety section 6).

A provider's test module gives a `rig` and subclasses the suite of the class that it claims: `KeyedConformance`
for C1 (key and look-up), `conformance_look_up.LookUpConformance` for C2. A claim is believed only with these
tests green; `Conformance` holds what is true for all.
"""

import pytest

from providers.errors import CredentialsRefused, OutcomeUnknown, PaymentNotFound, ProviderUnavailable
from providers.kinds import MovementKind, Outcome, ResolutionClass
from providers.money import Money
from providers.port import BankDetails, WireCall
from tests.providers.rigs import CANCEL, CAPTURE, FAULTS, MOVED, REFUND, Rig

__all__ = ["Conformance", "KeyedConformance", "Rig"]

BANK = BankDetails("ﾔﾏﾀﾞ ﾀﾛｳ", "みずほ銀行", "0001", "本店", "001", "normal", "0123456", False)


class Conformance:
    """What holds for every adapter."""

    def cure(self, rig: Rig, ref: str, call: WireCall) -> None:
        """What a class can do after doubt, and its proof; nothing by itself."""

    @pytest.mark.parametrize(("kind", "minor"), [(CAPTURE, 3300), (CANCEL, 3300), (REFUND, 700), (REFUND, 3300)])
    def test_a_good_answer_is_done_and_a_read_shows_what_moved(self, rig, kind, minor):
        ref = (rig.captured if kind is REFUND else rig.authorised)(3300)
        reply = rig.provider.send(rig.prepare(kind, ref, minor))
        assert reply.outcome in rig.good
        assert rig.amount_in(reply) in (None, Money(minor, rig.currency))
        assert rig.amounts(ref, kind) == [minor]
        assert reply.movement_id is None or rig.shown(ref, kind) == [(reply.movement_id, minor)]

    def test_i6_a_state_conflict_is_to_be_asked_and_moves_nothing(self, rig):
        ref = rig.captured(3300)
        first, second = rig.prepare(REFUND, ref, 3300), rig.prepare(REFUND, ref, 3300)
        assert rig.provider.send(first).outcome in rig.good
        assert rig.provider.send(second).outcome is Outcome.ASK
        assert sum(rig.amounts(ref, REFUND)) == 3300

    def test_more_than_is_left_moves_nothing(self, rig):
        ref = rig.captured(3300)
        first, second = rig.prepare(REFUND, ref, 2000), rig.prepare(REFUND, ref, 2000)
        assert rig.provider.send(first).outcome in rig.good
        assert rig.provider.send(second).outcome is rig.over_asked
        assert sum(rig.amounts(ref, REFUND)) == 2000

    def test_a_refund_by_hand_is_accepted_and_found_by_its_reference(self, rig):
        if rig.refund_by_hand is None:
            return  # a provider without such methods claims nothing here
        ref = rig.refund_by_hand(3300)
        call = rig.prepare(REFUND, ref, 700, bank_details=BANK)
        reply = rig.provider.send(call)
        assert reply.outcome is Outcome.ACCEPTED
        (waiting,) = rig.provider.fetch_payment(ref).pending
        assert (waiting.id, waiting.reference) == (reply.pending_id, call.operation_id)
        rig.portal(ref, "finish")
        (refund,) = [one for one in rig.provider.fetch_payment(ref).movements if one.kind is MovementKind.REFUND]
        assert (refund.reference, refund.money.minor) == (call.operation_id, 700)

    @pytest.mark.parametrize(("fault", "fields", "outcome"), FAULTS)
    def test_every_misbehaviour_has_its_outcome_and_its_cure(self, rig, fault, fields, outcome):
        ref = rig.captured(3300)
        call = rig.prepare(REFUND, ref, 700)
        rig.fault(fault, **fields)
        reply = rig.provider.send(call)
        assert reply.outcome is rig.differs.get(fault, outcome)
        assert reply.credentials_refused == (fault == "unauthorised")
        assert fault != "rate_limited" or reply.retry_after_s == 40
        self.cure(rig, ref, call)

    def test_r5_an_amount_that_differs_is_never_hidden(self, rig):
        ref = rig.captured(3300)
        rig.fault("wrong_amount", amount_minor=-1)
        reply = rig.provider.send(rig.prepare(REFUND, ref, 700))
        if rig.answers_carry_amounts:
            assert (reply.outcome, reply.money) == (Outcome.IN_DOUBT, Money(699, rig.currency))
        else:  # a success that says no amount is confirmed by the next read, and that one shows it
            assert (reply.money, reply.snapshot) == (None, None)
        assert rig.amounts(ref, REFUND) == [699]

    def test_a_host_that_cannot_be_reached_is_proof_that_nothing_was_sent(self, rig):
        call = rig.prepare(REFUND, rig.captured(3300), 700)
        with pytest.raises(ProviderUnavailable):
            rig.unreachable.send(call)
        with pytest.raises(ProviderUnavailable):
            rig.unreachable.fetch_payment(rig.unknown_ref)

    def test_wrong_keys_are_said_to_be_wrong_on_reads_and_writes(self, rig):
        ref = rig.captured(3300)
        reply = rig.wrong_keys.send(rig.prepare(REFUND, ref, 700))
        assert (reply.outcome, reply.credentials_refused) == (Outcome.NOT_APPLIED, True)
        with pytest.raises(CredentialsRefused):
            rig.wrong_keys.fetch_payment(ref)
        with pytest.raises(CredentialsRefused):
            rig.wrong_keys.fetch_methods()

    def test_an_unknown_payment_is_not_found(self, rig):
        with pytest.raises(PaymentNotFound):
            rig.provider.fetch_payment(rig.unknown_ref)

    @pytest.mark.parametrize("fault", ["error_before", "html_body", "hang_up", "rate_limited"])
    def test_a_read_that_fails_says_so_and_invents_nothing(self, rig, fault):
        ref = rig.captured(3300)
        rig.emulator.fault(fault, "read", nth=1)
        with pytest.raises(OutcomeUnknown):
            rig.provider.fetch_payment(ref)
        assert rig.provider.fetch_payment(ref).captured == Money(3300, rig.currency)


class KeyedConformance(Conformance):
    """Class C1: a replay under the same key tells the first answer and does nothing; a look-up finds our reference."""

    def cure(self, rig, ref, call):
        """The same call again: one effect, whatever the first answer was."""
        rig.provider.send(call)
        assert rig.effects(ref) == 1

    @pytest.mark.parametrize(("kind", "minor"), [(CAPTURE, 3300), (CANCEL, 3300), (REFUND, 700)])
    def test_r11_a_replay_under_the_same_key_gives_the_first_answer_and_one_effect(self, rig, kind, minor):
        ref = (rig.captured if kind is REFUND else rig.authorised)(3300)
        call = rig.prepare(kind, ref, minor)
        first = rig.provider.send(call)
        assert first.outcome is Outcome.DONE
        assert rig.provider.send(call) == first
        assert rig.effects(ref, kind) == 1

    @pytest.mark.parametrize("fault", ["timeout_after", "cut_body"])
    def test_i5_a_lost_answer_is_unknown_and_a_replay_adopts_what_was_done(self, rig, fault):
        ref = rig.captured(3300)
        call = rig.prepare(REFUND, ref, 700)
        rig.fault(fault, seconds=0)
        with pytest.raises(OutcomeUnknown):
            rig.provider.send(call)
        assert rig.provider.send(call).outcome is Outcome.DONE
        assert rig.effects(ref) == 1

    @pytest.mark.parametrize("kind", [CAPTURE, REFUND])
    def test_r25_a_lost_movement_is_found_by_our_reference_among_others_of_the_same_amount(self, rig, kind):
        if not rig.provider.capabilities.keeps_reference(kind):
            return  # not claimed
        ref = (rig.captured if kind is REFUND else rig.authorised)(3300)
        rig.provider.send(rig.prepare(kind, ref, 700))
        rig.portal(ref, kind.value, amount_minor=700)
        call = rig.prepare(kind, ref, 700)
        rig.fault("timeout_after", kind, seconds=0)
        with pytest.raises(OutcomeUnknown):
            rig.provider.send(call)
        movements = rig.provider.fetch_payment(ref).movements
        ours = [one for one in movements if one.reference == call.operation_id]
        assert [one.money.minor for one in ours] == [700]
        assert len([one for one in movements if one.kind is MOVED[kind]]) == 3

    def test_a_call_that_did_nothing_is_done_once_by_its_replay(self, rig):
        ref = rig.captured(3300)
        call = rig.prepare(REFUND, ref, 700)
        rig.fault("hang_up")
        with pytest.raises(OutcomeUnknown):
            rig.provider.send(call)
        assert rig.amounts(ref, REFUND) == []
        assert rig.provider.send(call).outcome is Outcome.DONE
        assert rig.amounts(ref, REFUND) == [700]

    def test_r26_while_the_first_call_runs_a_replay_is_in_doubt_and_its_effect_comes_once(self, rig):
        ref = rig.captured(3300)
        call = rig.prepare(REFUND, ref, 700)
        rig.fault("late_effect", seconds=60, hold=0)
        with pytest.raises(OutcomeUnknown):
            rig.provider.send(call)
        running = rig.provider.send(call)
        assert (running.outcome, running.http_status) == (Outcome.IN_DOUBT, 409)
        assert (running.retry_after_s or 0) >= 5
        assert rig.amounts(ref, REFUND) == []
        rig.emulator.advance(120)
        assert rig.provider.send(call).outcome is Outcome.DONE
        assert rig.effects(ref) == 1

    def test_r13_the_key_holds_for_the_whole_window_we_trust_it_and_not_for_ever(self, rig):
        assert rig.provider.capabilities.resolution is ResolutionClass.KEY_AND_LOOK_UP
        ref = rig.captured(3300)
        call = rig.prepare(REFUND, ref, 700)
        rig.provider.send(call)
        rig.emulator.advance(rig.provider.capabilities.key_window_s)
        assert rig.provider.send(call).outcome is Outcome.DONE
        assert rig.effects(ref) == 1
        rig.emulator.advance(3600)
        rig.provider.send(call)
        assert rig.effects(ref) == 2  # so the worker must look up by then

    def test_r26_an_old_read_shows_less_and_never_something_else(self, rig):
        ref = rig.captured(3300)
        rig.emulator.advance(120)
        rig.provider.send(rig.prepare(REFUND, ref, 700))
        rig.emulator.fault("stale_read", "read", nth=1, seconds=60)
        assert rig.amounts(ref, REFUND) == []
        assert rig.amounts(ref, REFUND) == [700]

    def test_i6_a_refusal_of_a_repeat_is_to_be_asked(self, rig):
        ref = rig.captured(3300)
        call = rig.prepare(REFUND, ref, 700)
        rig.provider.send(call)
        rig.fault("refuse_repeat")
        assert rig.provider.send(call).outcome is Outcome.ASK
