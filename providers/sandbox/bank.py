"""The provider's side: the emulator's ledger and key store behind one class, with troubles and late effects.

Nothing waits here: the clock is given, and `settle_late` makes the effects whose time has come.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from providers.emulator.clock import Clock
from providers.emulator.idempotency import WINDOW, KeyEntry, KeyStore
from providers.emulator.ledger import Ledger
from providers.emulator.records import Account, Cause, Refused
from providers.kinds import MovementKind, OperationKind, Outcome, RequestState
from providers.money import Money
from providers.port import Reply, WireCall
from providers.sandbox import sums
from providers.sandbox.mapping import derived_id, snapshot
from providers.sandbox.notices import Notices
from providers.sandbox.troubles import Trouble, Troubles
from providers.snapshots import PaymentSnapshot

LATEST_EFFECT_S = 300.0
STALEST_READ_S = 60.0
RETRY_AFTER_S = 10
TASK_FAILS = 0.25
_BEFORE = {
    Trouble.ERROR_BEFORE: Reply(Outcome.IN_DOUBT, http_status=500, code="server_error"),
    Trouble.RUNNING: Reply(Outcome.IN_DOUBT, http_status=409, code="conflict", retry_after_s=RETRY_AFTER_S),
    Trouble.RATE_LIMITED: Reply(Outcome.NOT_APPLIED, http_status=429, code="too_many", retry_after_s=RETRY_AFTER_S),
    Trouble.REFUSED: Reply(Outcome.REFUSED, http_status=422, code="unprocessable"),
    Trouble.UNAUTHORISED: Reply(Outcome.NOT_APPLIED, http_status=401, code="unauthorized", credentials_refused=True),
}
_STATE_CONFLICTS = frozenset({"not_refundable", "not_cancellable", "not_capturable"})


@dataclass(frozen=True, slots=True)
class LateCall:
    """A call that the bank carries out when its caller has long gone."""

    due_at: datetime
    account: str
    call: WireCall
    keyed: bool
    arrives: bool  # True: the bank has not seen it yet, so its key is looked at only then
    task: str | None = None  # under which the caller may ask about it


class Bank:
    """Accounts, payments, keys and troubles of all sandbox accounts in one process."""

    def __init__(self, clock: Clock, random: Random, *, key_window: timedelta = WINDOW) -> None:
        self.clock = clock
        self.random = random
        self.ledger = Ledger(clock, random)
        self.notices = Notices(clock, random, self.ledger)
        self.keys = KeyStore(clock, window=key_window)
        self.troubles = Troubles(random)
        self.late: list[LateCall] = []
        self.latest_arrival_s = LATEST_EFFECT_S
        self.tasks: dict[str, RequestState] = {}  # of what is carried out later
        self.task_chance = 0.0  # for a call of a bank of sums
        self.broken: list[str] = []
        self._answers: list[Reply] = []
        self._digests: dict[str, str] = {}  # what each key was first used for (R12)

    def open_account(self, name: str, *, webhook_url: str | None = None, webhook_secret: str | None = None) -> str:
        """A new account, told of its payments' effects where it has an address; answers its id."""
        account = Account(
            "", "sandbox", "test", secret_key=name, webhook_url=webhook_url, webhook_secret=webhook_secret
        )
        return self.ledger.open_account(account).id

    def handle(self, account: str, call: WireCall, trouble: Trouble | None, *, keyed: bool) -> Reply | None:
        """Carry out one write, or not; None where no answer comes back."""
        if self._digests.setdefault(call.key, call.digest()) != call.digest():
            self.broken.append(f"R12: key {call.key} was used for other bytes")
        if trouble in _BEFORE:
            return _BEFORE[trouble]
        if trouble is Trouble.TIMEOUT_BEFORE:
            return None
        known = self.keys.find(account, call.key) if keyed else None
        if known is not None:
            reply: Reply | None = self._repeat(known, call, trouble)
        elif trouble is Trouble.LATE_EFFECT:
            self._postpone(account, call, keyed=keyed, arrives=False)
            return None
        else:
            reply = self._first(account, call, trouble, keyed)
        return self._answer(reply, trouble)

    def caller_died(self, account: str, call: WireCall, keyed: bool) -> None:
        """The caller ended while its bytes were on the way: they may be lost, or arrive up to minutes later."""
        if self.random.random() < 0.5:
            self._postpone(account, call, keyed=keyed, arrives=True)

    def settle_late(self) -> int:
        """Make the late effects whose time has come; answers how many."""
        now = self.clock.now()
        due = [late for late in self.late if late.due_at <= now]
        if due:
            self.late = [late for late in self.late if late.due_at > now]
        for late in sorted(due, key=lambda one: one.due_at):
            if late.task is not None:
                self._finish_task(late)
            elif not late.arrives:
                self._carry_out(late.account, late.call, late.call.amount_minor, late.keyed)
            elif not late.keyed or self.keys.find(late.account, late.call.key) is None:
                self._first(late.account, late.call, None, late.keyed)
        return len(due)

    def show(
        self, reference: str, *, stale: bool, with_references: bool, by_sums: bool = False
    ) -> PaymentSnapshot | None:
        """The payment now, or as it was up to a minute ago; None where there is none."""
        if reference not in self.ledger.payments:
            return None
        payment = self.ledger.get(reference)
        if stale:
            age = timedelta(seconds=self.random.uniform(0, STALEST_READ_S))
            payment = self.ledger.as_of(reference, self.clock.now() - age)
        return sums.snapshot(payment) if by_sums else snapshot(payment, with_references=with_references)

    def _postpone(self, account: str, call: WireCall, *, keyed: bool, arrives: bool) -> None:
        if keyed and not arrives:
            self.keys.begin(account, call.key, call.digest())
        most_s = self.latest_arrival_s if arrives else LATEST_EFFECT_S
        seconds = self.random.choice((self.random.uniform(0, most_s / 10), self.random.uniform(0, most_s)))
        self.late.append(LateCall(self.clock.now() + timedelta(seconds=seconds), account, call, keyed, arrives))

    def _repeat(self, known: KeyEntry, call: WireCall, trouble: Trouble | None) -> Reply:
        if known.digest != call.digest():
            return Reply(Outcome.REFUSED, http_status=422, code="key_reused")
        if trouble is Trouble.REFUSE_REPEAT:
            return Reply(Outcome.ASK, http_status=422, code="not_refundable", state_conflict=True)
        if known.status is None:
            return _BEFORE[Trouble.RUNNING]
        return self._answers[int(known.body)]

    def _first(self, account: str, call: WireCall, trouble: Trouble | None, keyed: bool) -> Reply:
        if keyed:
            self.keys.begin(account, call.key, call.digest())
        if trouble is Trouble.ERROR_STORED:
            error = _BEFORE[Trouble.ERROR_BEFORE]
            if keyed:
                self._store(account, call.key, error)
            return error
        amount_minor = call.amount_minor
        if trouble is Trouble.WRONG_AMOUNT and call.kind is OperationKind.REFUND:
            amount_minor = max(1, amount_minor - 1)
        stored = _BEFORE[Trouble.ERROR_BEFORE] if trouble is Trouble.ERROR_AFTER_STORED else None
        return self._carry_out(account, call, amount_minor, keyed, stored)

    def _carry_out(
        self, account: str, call: WireCall, amount_minor: int, keyed: bool, stored: Reply | None = None
    ) -> Reply:
        reply = self._effect(call, amount_minor, keyed)
        if keyed:
            if reply.outcome is Outcome.REFUSED:
                self.keys.forget(account, call.key)
            else:
                self._store(account, call.key, stored or reply)
        return reply

    def _store(self, account: str, key: str, reply: Reply) -> None:
        if self.keys.find(account, key) is None:
            return  # its window passed while the call was still running
        self._answers.append(reply)
        self.keys.finish(account, key, reply.http_status or 200, str(len(self._answers) - 1))

    def _effect(self, call: WireCall, amount_minor: int, keyed: bool) -> Reply:
        cause, reference = _cause(call), call.payment_ref
        if sums.PATH in call.path:
            return self._by_sums(call, cause)
        try:
            if call.path.endswith("_request"):
                self.ledger.request_refund(reference, cause, amount_minor, {})
                wish = self.ledger.get(reference).refund_requests[-1]
                return Reply(Outcome.ACCEPTED, http_status=200, pending_id=wish.id, redacted="accepted")
            if call.kind is OperationKind.REFUND:
                self.ledger.refund(reference, cause, amount_minor)
            elif call.kind is OperationKind.CANCEL:
                self.ledger.cancel(reference, cause)
            else:
                self.ledger.capture(reference, cause)
        except Refused as refused:
            outcome = Outcome.ASK if refused.code in _STATE_CONFLICTS else Outcome.REFUSED
            conflict = outcome is Outcome.ASK
            return Reply(outcome, 422, code=refused.code, message=refused.message, state_conflict=conflict)
        return self._done(call, amount_minor, keyed)

    def _by_sums(self, call: WireCall, cause: Cause) -> Reply:
        """At once, or accepted under a task and carried out up to a few minutes later."""
        if call.kind is OperationKind.REFUND and self.random.random() < self.task_chance:
            task = f"task-{len(self.tasks)}"
            self.tasks[task] = RequestState.PENDING
            due_at = self.clock.now() + timedelta(seconds=self.random.uniform(1.0, LATEST_EFFECT_S))
            self.late.append(LateCall(due_at, "", call, keyed=False, arrives=False, task=task))
            return Reply(Outcome.ACCEPTED, 202, pending_id=task, redacted="accepted")
        return sums.carry_out(self.ledger, call, cause)

    def _finish_task(self, late: LateCall) -> None:
        """It is done, or cannot be done any more, or fails for no reason in the payment."""
        assert late.task is not None  # noqa: S101 - the caller saw to it
        fails = self.random.random() < TASK_FAILS
        done = not fails and sums.carry_out(self.ledger, late.call, _cause(late.call)).outcome is Outcome.DONE
        self.tasks[late.task] = RequestState.COMPLETED if done else RequestState.REJECTED

    def _done(self, call: WireCall, amount_minor: int, keyed: bool) -> Reply:
        payment = self.ledger.get(call.payment_ref)
        if call.kind is OperationKind.REFUND:
            movement_id, moved = payment.refunds[-1].id, amount_minor
        elif call.kind is OperationKind.CANCEL:
            moved = payment.cancelled_minor
            movement_id = derived_id(payment.reference, MovementKind.CANCEL, moved)
        else:
            moved = payment.captured_minor
            movement_id = derived_id(payment.reference, MovementKind.CAPTURE, moved)
        money = Money(moved, payment.currency)
        seen = snapshot(payment, with_references=keyed) if keyed else None
        return Reply(Outcome.DONE, 200, movement_id=movement_id, money=money, snapshot=seen, redacted="done")

    def _answer(self, reply: Reply | None, trouble: Trouble | None) -> Reply | None:
        """What the caller gets to see of the reply."""
        if reply is None or trouble is Trouble.TIMEOUT_AFTER:
            return None
        if trouble in {Trouble.ERROR_AFTER, Trouble.ERROR_AFTER_STORED}:
            return _BEFORE[Trouble.ERROR_BEFORE]
        if trouble is Trouble.CUT_BODY:
            return Reply(Outcome.IN_DOUBT, http_status=200, code="unreadable")
        if trouble is Trouble.WRONG_ANSWER and reply.money is not None:
            return replace(reply, money=Money(reply.money.minor + 1, reply.money.currency), snapshot=None)
        return reply


def _cause(call: WireCall) -> Cause:
    description = json.loads(call.body or b"{}").get("description")
    return Cause("api", key=call.key, digest=call.digest(), description=description)
