"""The tables are changed whole, by whoever has the right, with a reason for the history; and what they foresee."""

from __future__ import annotations

import uuid

import pytest

from providers.kinds import OperationKind
from tests import factories
from tests.desk import Desk
from tests.webapp.services.imports import files
from tests.webapp.services.jobs.jobs_desk import signed_in
from tests.webapp.services.status_actions.actions_desk import authorised, fired, operations, table
from webapp.domain.permissions import Role
from webapp.domain.status_actions import FollowedState, StatusAct
from webapp.models import Mode, Payment, Shop
from webapp.services.errors import NoRight, NotFound, RuleBroken, StaleVersion
from webapp.services.status_actions import foreseeing, tables
from webapp.services.status_actions.tables import Cell, TablesCommand, acts_of, follows_of
from webapp.services.unit_of_work import in_transaction, reading

A, F = StatusAct, FollowedState


def version(desk: Desk) -> int:
    return in_transaction(lambda tx: tx.get_one(Shop, desk.shop_id)).version


def save(desk: Desk, acts: dict[Cell, StatusAct | None], seen: int | None = None, role: Role = Role.ADMIN) -> None:
    command = TablesCommand(acts, {F.FAILED: files.status_of(desk, "cancelled")}, "Stock is picked by hand now")
    tables.save(signed_in(desk, role), desk.shop_id, version(desk) if seen is None else seen, command)


def test_the_tables_are_saved_with_their_history(desk: Desk) -> None:
    shipped = files.status_of(desk, "shipped")
    save(desk, {(shipped, ""): A.CAPTURE, (shipped, "komoju"): A.NOTHING})
    with reading() as tx:
        assert acts_of(tx, desk.shop_id).act(shipped, "klarna") is A.CAPTURE
        assert acts_of(tx, desk.shop_id).act(shipped, "komoju") is A.NOTHING
        assert follows_of(tx, desk.shop_id)[F.FAILED] == files.status_of(desk, "cancelled")
        assert follows_of(tx, desk.shop_id)[F.CAPTURED] == files.status_of(desk, "paid"), "what is usual"
    save(desk, {(shipped, ""): A.NOTHING, (shipped, "komoju"): None})
    assert in_transaction(lambda tx: acts_of(tx, desk.shop_id)).firing == frozenset()
    newest, first = in_transaction(lambda tx: tables.history(tx, desk.shop_id))
    assert newest.entry.details["acts"][0] == {"status": "shipped", "provider": "", "from": "capture", "to": None}
    assert (first.by, first.entry.details["reason"]) == ("Ana", "Stock is picked by hand now")
    with pytest.raises(RuleBroken, match="nothing_changed"):
        save(desk, {(shipped, ""): A.NOTHING})


def test_the_tables_refuse_strangers_old_forms_and_other_shops_R32_I18(desk: Desk) -> None:
    shipped, other = files.status_of(desk, "shipped"), factories.shop("other")
    foreign = in_transaction(lambda tx: tables.get_tables(tx, other.id)).statuses[0].id
    with pytest.raises(NoRight):
        save(desk, {(shipped, ""): A.CAPTURE}, role=Role.MERCHANT)
    with pytest.raises(StaleVersion):
        save(desk, {(shipped, ""): A.CAPTURE}, seen=version(desk) + 1)
    for cell in ((foreign, ""), (shipped, "nobody"), (uuid.uuid4(), "")):
        with pytest.raises(RuleBroken, match="gone"):
            save(desk, {cell: A.CAPTURE})
    with reading() as tx:
        assert (acts_of(tx, desk.shop_id).firing, list(tables.history(tx, desk.shop_id))) == (frozenset(), [])


def test_what_would_happen_is_told_and_nothing_is_written(desk: Desk) -> None:
    table(desk, shipped=A.CAPTURE, cancelled=A.CANCEL_OR_REFUND)
    payment = authorised(desk, order_number="A-1")

    def ask(code: str, number: str = "A-1") -> foreseeing.Answer:
        wanted = files.status_of(desk, code)
        return in_transaction(lambda tx: foreseeing.try_out(tx, desk.shop_id, Mode.TEST, number, wanted, 0))

    (capture,) = ask("shipped").payments
    assert [(step.kind, step.amount_minor) for step in capture.steps] == [(OperationKind.CAPTURE, 3300)]
    (release,) = ask("cancelled").payments
    assert [step.kind for step in release.steps] == [OperationKind.CANCEL]
    assert [each.act for each in ask("paid").payments] == [A.NOTHING]
    assert ask("new").is_there
    desk.change(Payment, payment, frozen_at=desk.row(payment).created_at, frozen_reason="chargeback")
    assert [each.code for each in ask("shipped").payments] == ["frozen"]
    with pytest.raises(NotFound):
        ask("shipped", "A-2")
    assert (list(fired()), list(operations(payment))) == ([], [])
