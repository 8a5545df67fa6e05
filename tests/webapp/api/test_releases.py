"""POST /payments/{id}/cancellations after a part capture: the rest of the hold goes back, the captured part stays."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from providers.kinds import OperationKind
from providers.planning import WishKind
from tests import klarna_desk, svea_desk
from tests.desk import Desk
from tests.webapp.api.caller import Caller
from tests.webapp.services.operations.test_svea_wishes import carry_out, finish, open_lines
from webapp.domain.operations import OperationState
from webapp.models import Operation
from webapp.services.payments.reading import read_payment
from webapp.services.unit_of_work import in_transaction


@pytest.mark.parametrize("provider", ["klarna", "svea"])
def test_a_cancellation_releases_what_a_part_capture_has_left(erp: Caller, desk: Desk, provider: str) -> None:
    if provider == "klarna":
        payment = klarna_desk.order(klarna_desk.use_klarna(desk), 80000)
        desk.emulator.portal(desk.row(payment).provider_ref, "capture", provider="klarna", amount_minor=50000)
        read_payment(payment)
        desk.later(seconds=61)
    else:
        payment = svea_desk.basket(svea_desk.use_svea(desk))
        carry_out(desk, payment, WishKind.CAPTURE, 50000, lines=open_lines(desk, payment)[:1])
    answer = erp.post(f"/payments/{payment}/cancellations", {}, "rest")
    query = select(Operation).where(Operation.kind == OperationKind.CANCEL)
    made = in_transaction(lambda tx: tx.scalars(query).one())
    assert (answer.status, made.amount_minor, made.whole_rest) == (202, 30000, True)
    assert finish(desk, made.id).state is OperationState.SUCCEEDED
    row = desk.row(payment)
    assert (row.captured_minor, row.cancelled_minor, row.refunded_minor) == (50000, 30000, 0)
    assert erp.post(f"/payments/{payment}/cancellations", {}, "again").status == 409
    desk.assert_books_are_whole()
