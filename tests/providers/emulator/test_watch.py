"""The emulator reports broken promises itself: I1 and I2."""

import pytest

from providers.emulator.records import Account, Cause
from tests.providers.emulator.ledgers import API, PORTAL, paid


def test_sums_over_are_reported_as_i1_when_the_provider_does_not_cap(ledger):
    ledger.open_account(Account("acc", "komoju", "test", "sk", switches={"cap": False}))
    reference = paid(ledger)
    ledger.refund(reference, API, 700)
    ledger.refund(reference, API, 700)
    assert [entry["rule"] for entry in ledger.watch.broken] == ["I1"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Cause("api", key="k1", description="op_1 a"), Cause("api", key="k2", description="op_1 b")),
        (Cause("api", key="k1"), Cause("api", key="k1")),
    ],
)
def test_a_second_effect_of_one_operation_or_key_is_reported_as_i2(ledger, first, second):
    reference = paid(ledger)
    ledger.refund(reference, first, 100)
    ledger.refund(reference, Cause("portal", description="op_1 by hand"), 100)
    assert ledger.watch.broken == []
    ledger.refund(reference, second, 100)
    assert [entry["rule"] for entry in ledger.watch.broken] == ["I2"]


def test_a_chargeback_may_follow_a_full_refund_and_breaks_no_rule(ledger):
    reference = paid(ledger)
    ledger.refund(reference, API)
    ledger.dispute(reference, PORTAL)
    payment = ledger.get(reference)
    assert (payment.refunded_minor, payment.charged_back_minor) == (2000, 1000)
    assert payment.refunds[-1].chargeback
    assert ledger.watch.broken == []
