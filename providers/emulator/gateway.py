"""How any provider call is served: account, faults before, idempotency key, effect, faults after.

The lock is held while state is read or changed, never while a call waits.
"""

from dataclasses import replace
from datetime import timedelta
from typing import NoReturn, Protocol

from .faults import Fault
from .idempotency import KeyEntry
from .records import Account
from .wire import Answer, Call, HangUp
from .world import World

HTML_BODY = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"


class Profile(Protocol):
    """What a provider's part has to offer to the gateway."""

    def authenticate(self, world: World, call: Call) -> Account | None:
        """Whose credentials these are."""
        ...

    def idempotency_key(self, call: Call) -> str | None:
        """The key the call carries; `ValueError` with a sentence when it is not acceptable."""
        ...

    def effect(self, world: World, account: Account, call: Call) -> Answer:
        """Do what is asked and say so, or refuse; never raises for the product's mistakes."""
        ...

    def problem(self, status: int, message: str, code: str | None = None) -> Answer:
        """An error answer in the provider's form; `code` only where the status has no usual one."""
        ...

    def rate_limited(self, seconds: int) -> Answer:
        """Too many calls; the next is served so many seconds from now."""
        ...

    def is_repeat(self, digest: str, call: Call) -> bool:
        """Whether a call under a known key counts as the call that `digest` was made of."""
        ...

    def remembers(self, account: Account, status: int) -> bool:
        """Whether an answer of this status is told again to every repeat under its key."""
        ...

    def repeat_refused(self, account: Account, call: Call) -> Answer:
        """How the provider says that a move is not possible (any more)."""
        ...

    def twisted(self, answer: Answer, amount_minor: int) -> Answer:
        """The answer with wrong amounts in it."""
        ...


class Gateway:
    """Serves the calls of one provider's profile."""

    def __init__(self, world: World, profile: Profile) -> None:
        self._world = world
        self._profile = profile

    def serve(self, call: Call) -> Answer:
        """The answer to one call; `HangUp` when there is none."""
        world = self._world
        if world.settings.latency_ms:
            world.stopping.wait(world.settings.latency_ms / 1000)
        with world.lock:
            account = self._profile.authenticate(world, call)
            if account is None:
                return self._profile.problem(401, "The credentials are not valid.")
            fault = world.faults.draw(call.provider, call.name, call.is_write)
            answer = self._before(fault) or self._do(account, call, fault)
        return self._after(answer, fault)

    def run_late(self, account_id: str, call: Call) -> None:
        """Make a late effect now; its key stops running. Hold the lock."""
        account = self._world.ledger.accounts[account_id]
        self._finish(account, call, self._profile.effect(self._world, account, call), stored=None)

    def _before(self, fault: Fault | None) -> Answer | None:
        """The answer of a fault that prevents the effect, or None."""
        if fault is None:
            return None
        answer: Answer | None = None
        match fault.kind:
            case "error_before":
                answer = self._error(fault)
            case "rate_limited":
                answer = self._profile.rate_limited(int(fault.lasting))
            case "unauthorised":
                answer = self._profile.problem(401, "The credentials are not valid.")
            case "running":
                answer = self._still_running()
            case "timeout_before" | "hang_up":
                answer = Answer(0, b"")
        return answer

    def _do(self, account: Account, call: Call, fault: Fault | None) -> Answer:
        world, kind = self._world, fault.kind if fault else None
        try:
            key = self._profile.idempotency_key(call)
        except ValueError as mistake:
            return self._profile.problem(400, str(mistake))
        if key is not None and kind == "expired_key":
            world.keys.forget(account.id, key)
        known = world.keys.find(account.id, key) if key is not None else None
        if known is not None:
            if kind == "refuse_repeat":
                return self._profile.repeat_refused(account, call)
            return self._repeat(known, call)
        if kind == "stale_read" and fault:
            call = replace(call, as_of=world.clock.now() - timedelta(seconds=fault.lasting))
        if kind == "wrong_amount" and fault:
            call = replace(call, twist_minor=fault.amount_minor)
        if key is not None:
            world.keys.begin(account.id, key, call.digest)
        if kind == "late_effect" and fault:
            world.postpone(account, call, fault.lasting)
            return Answer(0, b"")
        answer = self._profile.effect(world, account, call)
        stored = None
        if fault and kind == "error_after" and fault.stored:
            stored = self._error(fault)
        self._finish(account, call, answer, stored)
        return answer

    def _finish(self, account: Account, call: Call, answer: Answer, stored: Answer | None) -> None:
        """Remember what repeats are told, where the provider does; else the key is free again."""
        key = self._profile.idempotency_key(call)
        if key is None:
            return
        kept = stored or answer
        if stored is None and not self._profile.remembers(account, kept.status):
            self._world.keys.forget(account.id, key)
        else:
            self._world.keys.finish(account.id, key, kept.status, kept.body.decode(), kept.headers)

    def _repeat(self, known: KeyEntry, call: Call) -> Answer:
        if not self._profile.is_repeat(known.digest, call):
            return self._profile.problem(422, "This key was used for another request.")
        if known.status is None:
            return self._still_running()
        return Answer(known.status, known.body.encode(), known.headers)

    def _error(self, fault: Fault) -> Answer:
        if fault.bare:
            return Answer(fault.status, b"")
        return self._profile.problem(fault.status, "This error was asked for.", fault.code)

    def _still_running(self) -> Answer:
        return self._profile.problem(409, "A request with this key is still running.", "conflict")

    def _after(self, answer: Answer, fault: Fault | None) -> Answer:
        """What the product gets to see of the answer. Called without the lock: it may wait."""
        if fault is None:
            return answer
        match fault.kind:
            case "timeout_before" | "timeout_after":
                self._hang_up_after(fault.lasting)
            case "hang_up":
                self._hang_up_after(0)
            case "late_effect" if answer.status == 0:
                self._hang_up_after(fault.hold)
            case "error_after":
                answer = self._error(fault)
            case "cut_body":
                answer = answer.having(cut=True)
            case "html_body":
                answer = answer.having(body=HTML_BODY, content_type="text/html; charset=utf-8")
            case "slow_bytes":
                answer = answer.having(trickle=fault.lasting)
            case "wrong_answer":
                answer = self._profile.twisted(answer, fault.amount_minor)
        return answer

    def _hang_up_after(self, seconds: float) -> NoReturn:
        self._world.stopping.wait(seconds)
        raise HangUp
