"""The bytes of refunds: by a total to reach, by rows, by new rows, by cancelling (sections 10 and 13)."""

from providers.kinds import NotOffered
from providers.port import WireCall
from tests.providers.svea import samples
from tests.providers.svea.asking import CODE, REFUND, line, prepare, refused, sent


def test_b_a_settled_card_is_credited_to_a_total_that_a_repeat_does_not_raise():
    """Section 6.5: the target is in the stored bytes, so the same bytes go out again."""
    settled = samples.delivered_card(["CanCreditAmount"], credited=10000)
    call = prepare(REFUND, settled, 5000, against="880020")
    assert (call.method, call.path) == ("PATCH", "/api/v1/orders/4410021/deliveries/880020")
    assert WireCall.from_bytes(call.to_bytes()) == call
    assert b"Authorization" not in call.to_bytes()


def test_c_an_invoice_is_credited_by_a_new_row_that_carries_our_code():
    one_rate = samples.delivered(credit=["CanCreditNewRow"])
    one_rate["Deliveries"][0]["OrderRows"][1]["VatPercent"] = 2500
    row = {"Name": f"Refund {CODE} 25%", "UnitPrice": 12500, "VatPercent": 2500, "Quantity": 100}
    asked = sent(REFUND, one_rate, 12500, against="880017")
    assert asked == ("POST", "/deliveries/880017/credits", {"NewCreditOrderRow": row})


def test_r4_a_new_row_for_each_vat_rate_and_the_parts_sum_exactly():
    body = samples.delivered(credit=["CanCreditNewRow"])
    _, _, asked = sent(REFUND, body, 10001, against="880017")
    rows = asked["NewCreditOrderRows"]
    assert [(row["VatPercent"], row["UnitPrice"]) for row in rows] == [(2500, 6258), (1200, 3743)]
    assert sum(row["UnitPrice"] for row in rows) == 10001
    assert all(len(row["Name"]) <= 40 and CODE in row["Name"] for row in rows)


def test_r4_what_was_credited_under_a_rate_is_not_credited_again():
    body = samples.delivered(credit=["CanCreditNewRow"])
    body["Deliveries"][0] |= {"CreditedAmount": 50000, "Credits": [samples.coded_credit(50000, "Rows")]}
    _, _, asked = sent(REFUND, body, 29900, against="880017")
    assert asked == {
        "NewCreditOrderRow": {"Name": f"Refund {CODE} 12%", "UnitPrice": 29900, "VatPercent": 1200, "Quantity": 100}
    }


def test_a_fraction_of_a_percent_is_written_out_and_a_discount_of_another_rate_is_no_weight():
    rows = [samples.row(1, 60000, vat=550), samples.row(2, -10000, vat=0)]
    body = samples.delivered(
        Deliveries=[samples.delivery(880017, 50000, rows, Actions=["CanCreditNewRow"])], OrderAmount=50000
    )
    _, _, asked = sent(REFUND, body, 5000, against="880017")
    assert asked["NewCreditOrderRow"]["Name"] == f"Refund {CODE} 5.5%"


def test_a_delivered_card_that_is_not_settled_is_refunded_by_cancelling():
    assert sent(REFUND, samples.delivered_card(), 79900) == ("PATCH", "", {"IsCancelled": True})
    assert sent(REFUND, samples.delivered_card(), 700) == ("PATCH", "", {"CancelledAmount": 700})
    again = samples.delivered_card(CancelledAmount=700)
    assert sent(REFUND, again, 300) == ("PATCH", "", {"CancelledAmount": 1000})


def test_a_delivery_is_credited_by_rows_when_all_of_them_go_or_some_are_chosen():
    body = samples.delivered()
    path = "/deliveries/880017/credits"
    assert sent(REFUND, body, 79900, against="880017") == ("POST", path, {"OrderRowIds": [1, 2]})
    assert sent(REFUND, body, 50000, against="880017", lines=[line("1")]) == ("POST", path, {"OrderRowIds": [1]})


def test_a_part_of_a_row_is_credited_as_such_on_an_invoice_only():
    lines = [line("2", "1", 14950)]
    _, _, asked = sent(REFUND, samples.delivered(), 14950, against="880017", lines=lines)
    assert asked == {"OrderRowIds": [2], "RowCreditingOptions": [{"OrderRowId": 2, "Quantity": 100}]}
    _, _, asked = sent(REFUND, samples.delivered("AccountCredit"), 14950, against="880017", lines=lines)
    assert "NewCreditOrderRows" in asked
    by_rows = samples.delivered("PaymentPlan", credit=["CanCreditOrderRows"])
    assert refused(REFUND, by_rows, 14950, against="880017", lines=lines) is NotOffered.LINES_DO_NOT_SUM


def test_lines_of_another_delivery_go_with_its_own_step():
    body = samples.delivered()
    elsewhere = line("77", "1", 100)
    asked = sent(REFUND, body, 50000, against="880017", lines=[line("1"), elsewhere])
    assert asked[2] == {"OrderRowIds": [1]}


def test_a_refund_that_names_no_delivery_goes_to_the_only_one_that_can_be_meant():
    assert sent(REFUND, samples.paid_at_once("Swish"), 700)[1:] == ("/deliveries/880030", {"CreditedAmount": 700})
    two = samples.paid_at_once("Swish")
    two["Deliveries"].append(samples.delivery(9, 100, Actions=["CanCreditAmount"]))
    assert refused(REFUND, two, 700) is NotOffered.NOT_ALLOWED_NOW


def test_a_delivery_gives_back_no_more_than_it_has_left_and_by_rows_only_what_rows_come_to():
    two = samples.delivered(credit=["CanCreditOrderRows"], OrderAmount=80000)
    two["Deliveries"].append(samples.delivery(9, 100, Actions=["CanCreditAmount"]))
    assert refused(REFUND, two, 200, against="9") is NotOffered.NOTHING_LEFT
    assert refused(REFUND, two, 200, against="880017") is NotOffered.LINES_NEEDED


def test_rows_of_no_value_tell_no_vat():
    rows = [samples.row(1, 0), samples.row(2, -100, vat=0)]
    body = samples.delivered(Deliveries=[samples.delivery(880017, 79900, rows, Actions=["CanCreditNewRow"])])
    assert refused(REFUND, body, 100, against="880017") is NotOffered.PART_WITH_TAX


def test_a_delivery_without_rows_tells_no_vat_so_a_new_row_is_not_guessed():
    bare = samples.delivered(Deliveries=[samples.delivery(880017, 79900, None, Actions=["CanCreditNewRow"])])
    assert refused(REFUND, bare, 100, against="880017") is NotOffered.NOT_ALLOWED_NOW
