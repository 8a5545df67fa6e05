"""R4 over whole histories: partial credits of an invoice with lines of several VAT rates, at the emulator over HTTP.

Every call sends one new row for each VAT rate, the rows sum to the amount, and the rates never give back more than
was delivered under them, whatever was given back before.
"""

from __future__ import annotations

import json
import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.kinds import OperationKind, Outcome
from providers.money import Money
from providers.port import MoneyRequest
from tests.emulator import EmulatorClient
from tests.providers.rigs import facts_of
from tests.providers.svea.desk import adapter, svea_account, svea_order

RATES = (2500, 1200, 600, 0)
ROWS = st.lists(st.tuples(st.integers(1, 90000), st.sampled_from(RATES)), min_size=2, max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.lists(st.integers(50, 900), min_size=1, max_size=3))
def test_R4_partial_credits_give_rows_for_each_rate_that_sum_exactly(
    emulator: EmulatorClient, rows: list[tuple[int, int]], per_mille: list[int]
) -> None:
    svea_account(emulator)
    wire = [
        {"Name": f"Thing {number}", "Quantity": 100, "UnitPrice": price, "VatPercent": rate}
        for number, (price, rate) in enumerate(rows)
    ]
    total = sum(price for price, _rate in rows)
    ref = svea_order(emulator, total, "Invoice", rows=wire, state="captured")
    svea = adapter(emulator.url_of("svea"))
    delivered = {rate: sum(price for price, of in rows if of == rate) for _price, rate in rows}
    given_back = dict.fromkeys(delivered, 0)
    for share in per_mille:
        seen = svea.fetch_payment(ref)
        left = total - sum(given_back.values())
        minor = max(1, left * share // 1000)
        (delivery,) = seen.movements
        asked = MoneyRequest(
            kind=OperationKind.REFUND,
            operation_id=str(uuid.uuid4()),
            key="k",
            payment_ref=ref,
            money=Money(minor, "SEK"),
            whole_rest=False,
            reason="",
            payment=facts_of(seen),
            against=delivery.id,
        )
        call = svea.prepare(asked)
        body = json.loads(call.body or b"")
        if "OrderRowIds" in body:
            return  # by chance what is left of whole rows: then they are credited as they are
        new_rows = body.get("NewCreditOrderRows") or [body["NewCreditOrderRow"]]
        assert sum(row["UnitPrice"] for row in new_rows) == minor
        assert len({row["VatPercent"] for row in new_rows}) == len(new_rows)
        for row in new_rows:
            given_back[row["VatPercent"]] += row["UnitPrice"]
        assert all(given_back[rate] <= delivered[rate] for rate in delivered)
        assert svea.send(call).outcome in {Outcome.DONE, Outcome.ACCEPTED}
        assert svea.fetch_payment(ref).refunded.minor == sum(given_back.values())
    svea.close()


def test_a_part_of_an_order_with_25_and_12_percent_gives_a_row_of_each(emulator: EmulatorClient) -> None:
    svea_account(emulator)
    rows = [
        {"Name": "Kettle", "Quantity": 100, "UnitPrice": 50000, "VatPercent": 2500},
        {"Name": "Mug", "Quantity": 200, "UnitPrice": 12450, "VatPercent": 1200},
    ]
    ref = svea_order(emulator, 74900, "Invoice", rows=rows, state="captured")
    svea = adapter(emulator.url_of("svea"))
    seen = svea.fetch_payment(ref)
    (delivery,) = seen.movements
    asked = MoneyRequest(
        kind=OperationKind.REFUND,
        operation_id=str(uuid.uuid4()),
        key="k",
        payment_ref=ref,
        money=Money(10001, "SEK"),
        whole_rest=False,
        reason="",
        payment=facts_of(seen),
        against=delivery.id,
    )
    call = svea.prepare(asked)
    rows_sent = json.loads(call.body or b"")["NewCreditOrderRows"]
    assert [(row["VatPercent"], row["UnitPrice"]) for row in rows_sent] == [(2500, 6676), (1200, 3325)]
    svea.send(call)
    assert svea.fetch_payment(ref).refunded.minor == 10001
    svea.close()
