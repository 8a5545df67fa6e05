"""What must hold after every step (money-safety section 1), read from the rows and from the bank's ledger."""

from __future__ import annotations

from typing import Any

from tests.simulation.case_checks import CaseChecks
from tests.simulation.hook_checks import HookChecks
from tests.simulation.job_checks import JobChecks
from tests.simulation.mail_checks import MailChecks
from tests.simulation.status_checks import StatusChecks
from tests.simulation.truth import Truth
from tests.simulation.world import World

TERMINAL = frozenset({"succeeded", "rejected", "withdrawn", "expired"})
NOTHING_MOVED = TERMINAL - {"succeeded"}
WAITS_FOR_PEOPLE = frozenset({"review", "awaiting_approval"})
_SUMS = """
select p.id, p.authorised_minor, p.captured_minor, p.cancelled_minor, p.refunded_minor,
 p.capture_reserved_minor, p.cancel_reserved_minor, p.refund_reserved_minor, p.excess_minor,
 (select coalesce(sum(amount_minor), 0) from movements m where m.payment_id = p.id and kind = 'authorise'),
 (select coalesce(sum(amount_minor), 0) from movements m where m.payment_id = p.id and kind = 'capture'),
 (select coalesce(sum(amount_minor), 0) from movements m where m.payment_id = p.id and kind = 'cancel'),
 (select coalesce(sum(amount_minor), 0) from movements m where m.payment_id = p.id and kind = 'refund')
from payments p
"""
_OPERATIONS = "select * from operations"
_OUR_SUMS = "select provider_ref, authorised_minor, captured_minor, cancelled_minor, refunded_minor from payments"


class Checks:
    """Remembers the last step, so that what must never change is seen to change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._broken = 0
        self._hooks, self._jobs, self._mails = HookChecks(world), JobChecks(world), MailChecks(world)
        self._statuses, self._cases = StatusChecks(world), CaseChecks(world)
        columns = [row[1] for row in world.database.rows("pragma table_info(operations)")]
        self._at = {name: place for place, name in enumerate(columns)}
        self.forget()

    def forget(self) -> None:
        """A backup was restored: the past is another one."""
        self._changes = self._effects = -1
        self._terminal: dict[str, Any] = {}
        self._movements: dict[str, Any] = {}
        self._steps: dict[str, tuple[int, str]] = {}
        for beside in (self._hooks, self._jobs, self._mails, self._statuses, self._cases):
            beside.forget()

    def step(self) -> None:
        """Check everything if anything changed."""
        database, truth = self._world.database, self._world.truth
        self._hooks.reads()
        if (database.changes, truth.count) == (self._changes, self._effects):
            return
        self._changes, self._effects = database.changes, truth.count
        operations = database.rows(_OPERATIONS)
        self._sums(operations)
        self._one_at_a_time(operations)
        for row in operations:
            self._operation(row)
        self._ledger_only_grows()
        self._effects_at_bank(truth)
        self._beside()

    def _beside(self) -> None:
        """What the history has beside money."""
        weights = self._world.weights
        beside = (
            (weights.webhooks is not None, self._hooks),
            (weights.has_runs, self._jobs),
            (weights.mails is not None, self._mails),
            (weights.status_actions, self._statuses),
            (weights.reconcile, self._cases),
        )
        for is_there, checks in beside:
            if is_there:
                checks.step()

    def _sums(self, operations: list[Any]) -> None:
        """I1, I3 and I9."""
        held: dict[tuple[str, str], int] = {}
        for row in operations:
            if row[self._at["state"]] not in TERMINAL:
                held_as = self._held_as(row)
                if held_as is None:
                    continue
                mark = (row[self._at["payment_id"]], held_as)
                held[mark] = held.get(mark, 0) + row[self._at["amount_minor"]]
        if self._world.weights.by_sums:
            self._no_more_than_at_the_bank()
        for row in self._world.database.rows(_SUMS):
            payment, authorised, captured, cancelled, refunded = row[:5]
            reserved = dict(zip(("capture", "cancel", "refund"), row[5:8], strict=True))
            excess = row[8]
            if refunded + reserved["refund"] > captured + excess:
                self._world.say(f"I1: payment {payment} gives back more than it has")
            if captured + cancelled + reserved["capture"] + reserved["cancel"] > authorised + excess:
                self._world.say(f"I1: payment {payment} takes more than was authorised")
            if (authorised, captured, cancelled, refunded) != row[9:]:
                self._world.say(f"I9: the sums of payment {payment} are not those of its movements")
            for kind, minor in reserved.items():
                if minor != held.get((payment, kind), 0):
                    self._world.say(f"I3: payment {payment} reserves {minor} for {kind}, not what operations hold")

    def _held_as(self, row: Any) -> str | None:
        """As what an operation holds money reserved; an update upwards holds none."""
        if row[self._at["kind"]] != "update":
            return str(row[self._at["kind"]])
        return None if row[self._at["raises"]] else "cancel"

    def _no_more_than_at_the_bank(self) -> None:
        """Sums that only grow there cannot be more here, however old a read was (R26, R33)."""
        for reference, *ours in self._world.database.rows(_OUR_SUMS):
            payment = self._world.bank.ledger.payments.get(reference)
            if payment is None:
                continue
            theirs = (payment.authorised_minor, payment.captured_minor, payment.cancelled_minor, payment.refunded_minor)
            if any(here > there for here, there in zip(ours, theirs, strict=True)):
                self._world.say(f"books: {reference} has {ours} here and only {theirs} at the bank")

    def _one_at_a_time(self, operations: list[Any]) -> None:
        """I7; after a restore several may be in doubt."""
        busy: set[str] = set()
        for row in operations:
            state = row[self._at["state"]]
            open_pending = state == "pending" and row[self._at["provider_operation_id"]] is None
            if row[self._at["restored"]] or not (state in {"sending", "unknown"} or open_pending):
                continue
            if row[self._at["payment_id"]] in busy:
                self._world.say(f"I7: two operations of payment {row[self._at['payment_id']]} are under way")
            busy.add(row[self._at["payment_id"]])

    def _operation(self, row: Any) -> None:
        """I3, I8, I11 and I12."""
        at, world = self._at, self._world
        name, state, fence = row[at["id"]], row[at["state"]], row[at["fence"]]
        known = self._terminal.get(name)
        if known is not None and known != row:
            world.say(f"I8: terminal operation {name} changed")
        if state in TERMINAL:
            self._terminal[name] = row
        elif state not in WAITS_FOR_PEOPLE and row[at["due_at"]] is None:
            world.say(f"I12: operation {name} is {state}, and nobody will look at it")
        if state in NOTHING_MOVED and world.truth.of.get(name):
            world.say(f"I3: operation {name} is {state}, but its money moved")
        fence_before, state_before = self._steps.get(name, (-1, state))
        if fence < fence_before:
            world.say(f"I11: the fence of operation {name} fell from {fence_before} to {fence}")
        if state not in {state_before, "sending"} and fence == fence_before:
            world.say(f"I11: operation {name} went from {state_before} to {state} under one fence")
        self._steps[name] = (fence, state)

    def _ledger_only_grows(self) -> None:
        """I9."""
        rows = {row[0]: row for row in self._world.database.rows("select * from movements")}
        for name, row in self._movements.items():
            if rows.get(name) != row:
                self._world.say(f"I9: movement {name} was changed or removed")
        self._movements = rows

    def _effects_at_bank(self, truth: Truth) -> None:
        """I2, and what the bank itself noticed."""
        for name, effects in truth.of.items():
            if len(effects) > 1 and name not in truth.forgotten:
                self._world.say(f"I2: operation {name} has {len(effects)} effects")
        broken = [f"{one['rule']} at the bank: {one['reason']}" for one in truth.ledger.watch.broken]
        for words in (broken + self._world.bank.broken)[self._broken :]:
            self._world.say(words)
            self._broken += 1
