"""Svea's claims, proven over HTTP: each way by which money goes back has its own calls."""

from dataclasses import replace

import pytest

from providers.kinds import Outcome, RequestState
from providers.references import short_code
from tests.emulator import EmulatorClient
from tests.providers.conformance_look_up import LookUpConformance, TargetConformance
from tests.providers.komoju.test_conformance import closed_port
from tests.providers.rigs import CANCEL, CAPTURE, REFUND, Rig
from tests.providers.svea.desk import adapter, svea_account, svea_order

CALLS = {CAPTURE: "deliver", CANCEL: "change"}


@pytest.fixture
def usual(emulator: EmulatorClient):
    svea_account(emulator)
    made = Rig(
        provider=adapter(emulator.url_of("svea")),
        emulator=emulator,
        captured=lambda minor: svea_order(emulator, minor, "Swish"),
        authorised=lambda minor: svea_order(emulator, minor),
        refund_by_hand=None,
        unreachable=adapter(f"http://127.0.0.1:{closed_port()}/svea"),
        wrong_keys=adapter(emulator.url_of("svea"), "another-secret"),
        unknown_ref="4410021",
        name="svea",
        currency="SEK",
        answers_carry_amounts=False,
        good=frozenset({Outcome.DONE, Outcome.ACCEPTED}),
        over_asked=Outcome.ASK,
        call_of={**CALLS, REFUND: "credit_amount"},
    )
    yield made
    for one in (made.provider, made.unreachable, made.wrong_keys):
        one.close()


def answering(rig: Rig, outcome: Outcome, **changed):
    """No answer carries an amount, so a wrong one is only seen by the next read."""
    return replace(rig, differs={"wrong_amount": outcome, "wrong_answer": outcome}, **changed)


class TestByTheAmountOfADelivery(LookUpConformance, TargetConformance):
    """Swish, and a card that is settled."""

    @pytest.fixture
    def rig(self, usual):
        return answering(usual, Outcome.ACCEPTED)

    def test_i5_an_answer_that_is_cut_is_as_good_as_none(self, rig):
        ref = rig.captured(3300)
        self.lose(rig, rig.prepare(REFUND, ref, 700), "cut_body")
        assert rig.amounts(ref, REFUND) == [700]


class TestByTheAmountOfTheOrder(LookUpConformance, TargetConformance):
    """A card that is delivered and not settled: a cancel that is a refund (I1)."""

    @pytest.fixture
    def rig(self, usual):
        def captured(minor):
            return svea_order(usual.emulator, minor, state="captured")

        return answering(usual, Outcome.DONE, captured=captured, call_of={**CALLS, REFUND: "change"})


class TestByRows(LookUpConformance):
    """An invoice: a part as a new row with our code, all of it by its rows; both are tasks."""

    @pytest.fixture
    def rig(self, usual):
        def captured(minor):
            return svea_order(usual.emulator, minor, "Invoice", state="captured")

        def authorised(minor):
            return svea_order(usual.emulator, minor, "Invoice")

        calls = {**CALLS, REFUND: "credit"}
        return answering(usual, Outcome.ACCEPTED, captured=captured, authorised=authorised, call_of=calls)

    def test_r25_a_lost_credit_is_known_by_our_code_among_others_of_the_same_amount(self, rig):
        ref = rig.captured(3300)
        call = rig.prepare(REFUND, ref, 700)
        self.lose(rig, call, "timeout_after", seconds=0)
        rig.portal(ref, "refund", amount_minor=700)
        ours = [
            one for one in rig.provider.fetch_payment(ref).pending if one.reference == short_code(call.operation_id)
        ]
        assert [(one.state, one.money.minor) for one in ours] == [(RequestState.COMPLETED, 700)]
