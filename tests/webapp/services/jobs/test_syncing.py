"""The method-sync job reads every account of the shop; one that fails stops no other (R30)."""

from __future__ import annotations

import pytest

from tests import factories
from tests.desk import Desk
from tests.webapp.services.jobs import jobs_desk
from webapp.domain.outcomes import RowOutcome
from webapp.services.jobs import syncing


def test_each_account_has_its_row_and_a_refused_one_stops_no_other(desk: Desk) -> None:
    refused = factories.account(desk.shop_id, "sk_test_unknown", name="refused").id
    other = factories.shop("other").id
    factories.account(other, "sk_test_unknown")
    run_id = jobs_desk.run(desk, "method-sync")
    found = {line.row.account_id: (line.outcome, line.row.code) for line in jobs_desk.rows(run_id)}
    assert found == {desk.account_id: (RowOutcome.DONE, "good"), refused: (RowOutcome.FAILED, "credentials")}
    assert jobs_desk.the_run(run_id).counts == {"test": {"done": 1, "failed": 1}}


def test_an_error_of_ours_stands_in_the_row(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(syncing, "sync_account", broken)
    run_id = jobs_desk.run(desk, "method-sync")
    assert [(line.row.code, line.row.details) for line in jobs_desk.rows(run_id)] == [
        ("not_synced", {"error": "ZeroDivisionError"})
    ]
