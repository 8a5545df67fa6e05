"""What must hold of changes of status and of what they fire, after every step and at the end (R17, ADR 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webapp.models.status_action import EVERY_PROVIDER

if TYPE_CHECKING:
    from tests.simulation.world import World

NOTHING = "nothing"
OVER = frozenset({"filed", "as_wished", "answered", "superseded"})
_CHANGES = "select id, order_id, from_status_id, to_status_id, acts from order_status_changes order by rowid"
_FIRED = """
select id, change_id, payment_id, act, state, code, wish_id, tries, due_at, ended_at, order_id from fired_actions
"""
_PAYMENTS = """
select p.id, a.provider, p.authorised_minor - p.cancelled_minor - p.refunded_minor, p.frozen_at is not null
from payments p join provider_accounts a on a.id = p.account_id where p.order_id = ?
"""
_WISHES = """
select payment_id, status_change_id, count(distinct wish_id) from operations
where status_change_id is not null and wish_kind is not null
group by payment_id, status_change_id, kind having count(distinct wish_id) > 1
"""
"""By kind: where the table captures what becomes cancelled, the refund job rightly answers the same change."""
_OF_WISH = """
select count(*) from operations where wish_id = ? and payment_id = ? and status_change_id = ?
"""
_ROWS = """
select f.id, count(*) from fired_actions f join operations o on o.wish_id = f.wish_id and o.step = 0
 join job_rows r on r.operation_id = o.id join job_runs j on j.id = r.run_id
 where j.job <> 'look-up' group by f.id having count(*) > 1
"""
"""A look-up asks after whatever is unknown, as often as it is run."""
_WAITS = "select 1 from fired_actions where state = 'due' limit 1"


class StatusChecks:
    """Remembers the changes and the fired actions of the last step."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: set[str] = set()
        self._last: dict[str, tuple[str, str]] = {}  # order -> its last change and the status that this gave it
        self._before: dict[str, Any] = {}

    def forget(self) -> None:
        """A backup was restored: what it holds was looked at before."""
        changes = self._world.database.rows(_CHANGES)
        self._seen = {row[0] for row in changes}
        self._last = {order: (change, status) for change, order, _from, status, _acts in changes}
        self._before = {}

    def step(self) -> None:
        """Each change fires once what the table says, in its own transaction; what has ended stays."""
        world = self._world
        fired = world.database.rows(_FIRED)
        for row in world.database.rows(_CHANGES):
            if row[0] not in self._seen:
                self._changed(row, [one for one in fired if one[1] == row[0]])
        marks = {(row[1], row[2]) for row in fired}
        if len(marks) != len(fired):
            world.say("R17: a change of status has fired twice on one payment")
        for row in fired:
            self._fired(row)
        if set(self._before) - {row[0] for row in fired}:
            world.say("R17: a fired action is gone")
        self._before = {row[0]: row for row in fired}
        for payment, change, wishes in world.database.rows(_WISHES):
            world.say(f"R17: change {change} has made {wishes} wishes on payment {payment}")

    def _changed(self, row: Any, fired: list[Any]) -> None:
        """A new change follows on the one before it, and its actions are there with it."""
        world, (change, order, was, status, acts) = self._world, row
        last = self._last.get(order)
        if last is not None and last[1] != was:
            world.say(f"R17: change {change} of order {order} does not follow on the one before it")
        self._seen.add(change)
        self._last[order] = (change, status)
        if not acts:
            if fired:
                world.say(f"R17: change {change} was made by the desk itself and has fired")
            return
        said = {one[2]: one[3] for one in fired}
        for payment, provider, with_us, frozen in world.database.rows(_PAYMENTS, (order,)):
            act = world.acts.get((status, provider)) or world.acts.get((status, EVERY_PROVIDER), NOTHING)
            wanted = None if act == NOTHING else act
            if said.get(payment) != wanted and (said.get(payment) is not None or with_us > 0 or frozen):
                world.say(f"R17: change {change} fired {said.get(payment)} on {payment} and not {wanted}")

    def _fired(self, row: Any) -> None:
        """What has ended stays; what was filed has its operations; what is open is of the order's last change."""
        world, (name, change, payment, _act, state, code, wish, *_times, order) = self._world, row
        before = self._before.get(name)
        if before is not None and before[4] in OVER and before != row:
            world.say(f"R17: fired action {name} was {before[4]} and is {state}")
        if state not in OVER and self._last[order][0] != change:
            world.say(f"R17: fired action {name} is still {state} after another change of the order's status")
        if before is not None and before[4] == state:
            return
        if state == "filed" and not world.database.rows(_OF_WISH, (wish, payment, change))[0][0]:
            world.say(f"R17: fired action {name} is filed and has no operation")
        if state == "given_up" and not code:
            world.say(f"R17: fired action {name} was given up without a reason")


def is_due(world: World) -> bool:
    """Whether a fired action waits to be carried out."""
    return bool(world.database.rows(_WAITS))


def check_fired(world: World) -> None:
    """At the end the order has the status of its last change, and each action is in one row of a run at most."""
    for name, state, code in world.database.rows("select id, state, code from fired_actions"):
        if state not in OVER and not (state == "given_up" and code):
            world.say(f"R17: fired action {name} is {state} at the end")
    for name, rows in world.database.rows(_ROWS):
        world.say(f"R17: the operation of fired action {name} stands in {rows} rows")
    latest = {order: status for _change, order, _from, status, _acts in world.database.rows(_CHANGES)}
    for order, status in world.database.rows("select id, status_id from orders"):
        if latest.get(order, status) != status:
            world.say(f"R17: order {order} has a status that no change gave it")
