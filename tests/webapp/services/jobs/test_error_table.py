"""Every error of KOMOJU's table (page, section 11) ends in a word of the guide, and money moves once at most."""

from __future__ import annotations

from typing import Any

import pytest

from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from tests.webapp.services.jobs.jobs_desk import cancelled_payment
from webapp.domain.outcomes import RowOutcome
from webapp.services.operations import running as operations

REFUSED, LATER, DOUBT = (
    (RowOutcome.FAILED, RowOutcome.FAILED),
    (RowOutcome.RETRYING, RowOutcome.DONE),
    (RowOutcome.UNKNOWN, RowOutcome.DONE),
)
STOPPED = (RowOutcome.RETRYING, RowOutcome.RETRYING)  # until the keys are corrected
TABLE: list[tuple[str, dict[str, Any], tuple[RowOutcome, RowOutcome]]] = [
    ("error_before", {"status": 400}, REFUSED),
    ("error_before", {"status": 402}, (RowOutcome.UNKNOWN, RowOutcome.FAILED)),
    ("error_before", {"status": 404}, REFUSED),
    ("error_before", {"status": 422}, REFUSED),
    ("unauthorised", {}, STOPPED),
    ("error_before", {"status": 403}, STOPPED),
    ("rate_limited", {"seconds": 5}, LATER),
    ("running", {}, DOUBT),
    ("error_before", {"status": 500}, DOUBT),
    ("error_after", {"status": 502}, DOUBT),
    ("error_after", {"status": 503}, DOUBT),
    ("error_before", {"status": 504}, DOUBT),
    ("timeout_after", {"seconds": 0.05}, DOUBT),
    ("html_body", {}, DOUBT),
    ("error_before", {"status": 418}, DOUBT),
]


@pytest.mark.parametrize("job", ["cancel", "refund"])
@pytest.mark.parametrize(("fault", "fields", "words"), TABLE)
def test_each_error_has_its_word_at_first_and_in_the_end(
    desk: Desk, job: str, fault: str, fields: dict[str, Any], words: tuple[RowOutcome, RowOutcome]
) -> None:
    payment = cancelled_payment(desk, **({"capture": "manual"} if job == "cancel" else {}))
    desk.emulator.fault(fault, call=job, times=1, **fields)
    run_id = jobs_desk.run(desk, job)
    operation = jobs_desk.operations_of(payment)[0].id
    desk.run(operation)
    assert jobs_desk.outcomes(run_id) == [words[0]]
    desk.later(seconds=61)
    operations.run_due()
    assert jobs_desk.outcomes(run_id) == [words[1]]
    assert len(desk.effects(payment, job)) == (words[1] is RowOutcome.DONE)
    desk.assert_books_are_whole()


@pytest.mark.parametrize(("job", "portal"), [("cancel", "capture"), ("refund", "refund")])
def test_what_the_payments_state_forbids_is_rejected_after_a_look_up_I6(desk: Desk, job: str, portal: str) -> None:
    """not_cancellable and not_refundable."""
    payment = cancelled_payment(desk, **({"capture": "manual"} if job == "cancel" else {}))
    run_id = jobs_desk.run(desk, job)
    desk.emulator.portal(desk.row(payment).provider_ref, portal)
    operations.run_due()
    assert jobs_desk.outcomes(run_id) == [RowOutcome.UNKNOWN]
    desk.later(seconds=61)
    operations.run_due()
    assert jobs_desk.outcomes(run_id) == [RowOutcome.REJECTED]
    desk.assert_books_are_whole()
