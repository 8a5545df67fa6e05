"""A change of status by the API fires what the shop's table says, once (R17)."""

from __future__ import annotations

from tests.desk import Desk
from tests.webapp.api.caller import Caller
from tests.webapp.services.status_actions.actions_desk import authorised, fired, operations, send, table
from webapp.domain.status_actions import FiringState, StatusAct


def test_a_repeated_request_fires_nothing_again_R17(erp: Caller, desk: Desk) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    payment = authorised(desk, order_number="N-1")
    path = f"/orders/{desk.row(payment).order_id}"
    tag = erp.get(path).headers["ETag"]
    done = erp.patch(path, {"status": "shipped"}, tag)
    assert (done.status, done.json["payments"][0]["under_way_minor"]) == (200, 3300)
    assert erp.patch(path, {"status": "shipped"}, tag).code == "stale"
    assert erp.patch(path, {"status": "shipped"}, "*").status == 200
    (made,) = operations(payment)
    assert made.api_key_id is not None, "who asked is the key"
    send()
    assert (desk.row(payment).captured_minor, len(operations(payment))) == (3300, 1)


def test_an_order_that_is_posted_fires_its_change_and_its_first_status_only_when_asked(erp: Caller, desk: Desk) -> None:
    table(desk, shipped=StatusAct.CAPTURE)
    payment = authorised(desk, order_number="N-1")
    order = {"shop": "tea", "number": "N-1", "amount_minor": 3300, "currency": "JPY", "status": "shipped"}
    for _time in range(2):
        assert erp.post("/orders", order).status == 200
    assert len(operations(payment)) == 1
    erp.post("/orders", order | {"number": "N-2"})
    erp.post("/orders", order | {"number": "N-3", "act": True})
    assert [each.state for each in fired()] == [FiringState.FILED, FiringState.WAITING]
