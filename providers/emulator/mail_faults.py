"""What the mail catcher does wrong on demand; set at `/_emulator/mails/faults`."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, replace

from .inputs import BadInput, integer, number, optional_text, text
from .records import Json

DOWN, SLOW = "down", "slow"
REFUSE, REFUSE_FOR_NOW = "refuse", "refuse_for_now"
REFUSE_TEXT, PUT_OFF_TEXT = "refuse_text", "put_off_text"
CUT_AND_KEEP, CUT_AND_LOSE = "cut_and_keep", "cut_and_lose"
KINDS = (DOWN, SLOW, REFUSE, REFUSE_FOR_NOW, REFUSE_TEXT, PUT_OFF_TEXT, CUT_AND_KEEP, CUT_AND_LOSE)
USUAL_S = 1.0


@dataclass(frozen=True)
class MailFault:
    """One misbehaviour.

    kind: `down` closes the connection before the first command is answered; `slow` waits `seconds` before it answers
    the text; `refuse` answers 550 and `refuse_for_now` 451 to the address; `refuse_text` answers 554 and
    `put_off_text` 451 to the text; `cut_and_keep` and `cut_and_lose` close the connection instead of answering the
    text, with and without keeping the mail.
    recipient: only mails to this address, `*` all (`down` strikes whoever comes). times: how often, without it always.
    """

    kind: str
    recipient: str = "*"
    times: int | None = None
    seconds: float = USUAL_S
    fired: int = 0


def read_mail_fault(body: Json) -> MailFault:
    """A fault from a control call's JSON. BadInput for an unknown kind or field."""
    if unknown := body.keys() - {"kind", "recipient", "times", "seconds"}:
        raise BadInput(f"A mail fault has no field {min(unknown)!r}.")
    kind = text(body, "kind")
    if kind not in KINDS:
        raise BadInput(f"kind has to be one of {', '.join(KINDS)}.")
    fault = MailFault(kind, optional_text(body, "recipient") or "*")
    if "times" in body:
        fault = replace(fault, times=integer(body, "times"))
    if "seconds" in body:
        fault = replace(fault, seconds=number(body, "seconds"))
    if (fault.times is not None and fault.times < 1) or fault.seconds < 0:
        raise BadInput("times counts from 1, seconds from 0.")
    return fault


class MailFaults:
    """The faults in the order they were set; the first that fits strikes. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[MailFault] = []

    def add(self, fault: MailFault) -> None:
        """One more."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> int:
        """None any more; says how many there were."""
        with self._lock:
            count = len(self._faults)
            self._faults.clear()
            return count

    def listing(self) -> list[Json]:
        """All, with how often they struck."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def draw(self, kinds: tuple[str, ...], recipients: list[str]) -> MailFault | None:
        """The fault of one of these kinds that strikes a mail to those recipients, counted; or None."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                fits = fault.kind in kinds and (fault.recipient == "*" or fault.recipient in recipients)
                if fits and (fault.times is None or fault.fired < fault.times):
                    self._faults[place] = replace(fault, fired=fault.fired + 1)
                    return self._faults[place]
        return None
