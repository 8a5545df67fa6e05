"""What an account has proven is computed from operations, movements and messages, and compared with the provider."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from providers.kinds import OperationKind
from tests import klarna_desk
from tests.desk import Desk
from tests.webapp.services.cases.cases_desk import compare, compare_twice, refunded, shows_the_past
from tests.webapp.services.webhooks.hooks import body, give_secret, tell
from webapp.models import Payment, ProviderAccount
from webapp.services import audit, go_live
from webapp.services.go_live import Check, Item, Standing
from webapp.services.methods.syncing import sync_account
from webapp.services.unit_of_work import in_transaction

C, S = Check, Standing


def items(desk: Desk) -> dict[Check, Item]:
    found = in_transaction(lambda tx: go_live.checklist(tx, tx.get_one(ProviderAccount, desk.account_id)))
    return {item.check: item for item in found}


def standing(desk: Desk) -> dict[Check, Standing]:
    return {check: item.standing for check, item in items(desk).items()}


def test_a_new_account_has_proven_nothing_and_is_not_asked_for_what_its_provider_cannot_do(desk: Desk) -> None:
    checks = [C.METHODS, C.CAPTURED, C.CANCELLED, C.REFUNDED, C.WEBHOOK]
    assert standing(desk) == dict.fromkeys(checks, S.MISSING)
    klarna_desk.use_klarna(desk)
    assert C.UPDATED in standing(desk)


def test_an_action_is_proven_by_a_reading_that_began_after_it(desk: Desk) -> None:
    payment = desk.payment(3300)
    operation = desk.ask(payment, 500)
    assert standing(desk)[C.REFUNDED] is S.MISSING
    desk.run(operation)
    item = items(desk)[C.REFUNDED]
    assert (item.standing, item.operation_id, item.payment_id) == (S.TO_COMPARE, operation, payment)
    assert go_live.to_read(list(items(desk).values())) == [payment]
    desk.later(seconds=2)
    compare(desk, payment)
    assert standing(desk)[C.REFUNDED] is S.PROVEN
    assert go_live.to_read(list(items(desk).values())) == []


def test_a_reading_that_shows_something_else_proves_nothing(desk: Desk) -> None:
    payment, operation = refunded(desk)
    shows_the_past(desk)
    compare(desk, payment)
    assert standing(desk)[C.REFUNDED] is S.DIFFERS
    desk.emulator.clear_faults()
    desk.later(seconds=61)
    compare(desk, payment)
    assert items(desk)[C.REFUNDED] == Item(C.REFUNDED, S.PROVEN, desk.operation(operation).ended_at, operation, payment)


def test_what_was_done_in_the_portal_or_with_another_account_proves_nothing(desk: Desk) -> None:
    payment = desk.payment(3300)
    desk.emulator.portal(desk.row(payment).provider_ref, "refund", amount_minor=500)
    compare_twice(desk, payment)
    assert standing(desk)[C.REFUNDED] is S.MISSING
    own = desk.payment(3300)
    desk.run(desk.ask(own, 500))
    klarna_desk.use_klarna(desk)
    assert standing(desk)[C.REFUNDED] is S.MISSING


@pytest.mark.parametrize(("kind", "check"), [(OperationKind.CAPTURE, C.CAPTURED), (OperationKind.CANCEL, C.CANCELLED)])
def test_capture_and_cancellation_each_have_their_line(desk: Desk, kind: OperationKind, check: Check) -> None:
    payment = desk.payment(3300, capture="manual")
    desk.run(desk.ask(payment, None, kind=kind))
    desk.later(seconds=2)
    compare(desk, payment)
    assert standing(desk)[check] is S.PROVEN


def test_methods_and_messages_are_proven_by_what_really_came(desk: Desk) -> None:
    sync_account(desk.account_id, audit.SYSTEM)
    assert standing(desk)[C.METHODS] is S.PROVEN
    give_secret(desk)
    raw = body(desk, None, "ping")
    tell(desk, raw, "guessed")
    assert standing(desk)[C.WEBHOOK] is S.MISSING
    tell(desk, raw)
    assert standing(desk)[C.WEBHOOK] is S.PROVEN


def test_nothing_of_it_is_stored(desk: Desk) -> None:
    """Take the reading away, and what it proved is gone with it."""
    payment = desk.payment(3300)
    desk.run(desk.ask(payment, 500))
    desk.later(seconds=2)
    compare(desk, payment)
    in_transaction(lambda tx: tx.execute(update(Payment).values(agreed_at=None)))
    assert standing(desk)[C.REFUNDED] is S.TO_COMPARE
