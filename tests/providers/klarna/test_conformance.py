"""Klarna's claims, proven over HTTP."""

import pytest

from providers.kinds import Outcome
from tests.emulator import EmulatorClient
from tests.providers.conformance import KeyedConformance
from tests.providers.klarna.desk import ORDER, adapter, klarna_account, klarna_order
from tests.providers.komoju.test_conformance import closed_port
from tests.providers.rigs import Rig


@pytest.fixture
def rig(emulator: EmulatorClient):
    klarna_account(emulator)
    made = Rig(
        provider=adapter(emulator.url_of("klarna")),
        emulator=emulator,
        captured=lambda minor: klarna_order(emulator, minor, state="captured"),
        authorised=lambda minor: klarna_order(emulator, minor),
        refund_by_hand=None,
        unreachable=adapter(f"http://127.0.0.1:{closed_port()}/klarna"),
        wrong_keys=adapter(emulator.url_of("klarna"), password="wrong"),
        unknown_ref=ORDER,
        name="klarna",
        currency="SEK",
        answers_carry_amounts=False,
        over_asked=Outcome.ASK,  # REFUND_NOT_ALLOWED: section 4 wants a look-up first
        differs={"wrong_amount": Outcome.DONE, "wrong_answer": Outcome.DONE},  # no answer carries an amount
    )
    yield made
    for one in (made.provider, made.unreachable, made.wrong_keys):
        one.close()


class TestKlarna(KeyedConformance):
    """Class C1."""
