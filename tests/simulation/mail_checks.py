"""What must hold of mails after every step and at the end (I14, R42, R44, K16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.world import World

_MAILS = "select id, state, fence, tries, lease_until, result from mails"
_OVER = frozenset({"sent", "failed", "maybe_sent", "stopped"})
_UNNOTED = """
select o.id from operations o left join failure_notices n on n.operation_id = o.id
where (n.operation_id is not null) <> (o.state in ('rejected', 'expired'))
"""
_BATCHES = """
select n.operation_id, n.handled_at, (select count(*) from mails m where m.subject_id = n.batch_id and m.version = 1)
from failure_notices n
"""


class MailChecks:
    """Remembers the mails of the last step."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.forget()

    def forget(self) -> None:
        """A backup was restored; from then on nothing older may be sent (R29)."""
        self._before: dict[str, Any] = {}

    def step(self) -> None:
        """What is over stays over; a claim raises the fence; every failure is noted with its end (I16)."""
        world = self._world
        for row in world.database.rows(_MAILS):
            name, state, fence = row[:3]
            before = self._before.get(name)
            if before is not None and before[1] in _OVER and before != row:
                world.say(f"I8: mail {name} changed from {before} to {row}")
            if before is not None and fence < before[2]:
                world.say(f"I11: the fence of mail {name} fell from {before[2]} to {fence}")
            if state == "sent" and world.post_office.taken[name] != 1:
                world.say(f"R42: mail {name} is sent, and the server has it {world.post_office.taken[name]} times")
            self._before[name] = row
        for (operation,) in world.database.rows(_UNNOTED):
            world.say(f"I16: operation {operation} and the notice of its failure do not fit")


def has_notice(world: World) -> bool:
    """Whether a failure waits to be mailed."""
    return bool(world.database.rows("select 1 from failure_notices where handled_at is null limit 1"))


def check_mails(world: World) -> None:
    """At the end every failure is in one batch, with one mail for each address, and none is on its way."""
    for operation, handled_at, mails in world.database.rows(_BATCHES):
        if handled_at is None or mails != world.weights.addresses:
            world.say(f"R44: the failure of operation {operation} made {mails} mails")
    for name, state in world.database.rows("select id, state from mails where state not in ('sent', 'stopped')"):
        if state not in _OVER:
            world.say(f"R42: mail {name} is still {state}")
        if state == "failed" and world.post_office.taken[name]:
            world.say(f"R42: mail {name} is failed, but the server has it")
