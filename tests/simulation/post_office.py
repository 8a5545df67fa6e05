"""The mail server behind the desk's own SMTP code: refuses, puts off, is down, or dies with the text in its hands."""

from __future__ import annotations

import re
import smtplib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, patch

from webapp.services.kill_points import KillPoint
from webapp.services.mails import handing_over
from webapp.services.mails.letters import AlertFacts, Failures, OverdueJob, Post, Text
from webapp.setting_values import SmtpServer

if TYPE_CHECKING:
    from tests.simulation.world import World

RECIPIENTS = ("cook@shop.example", "waiter@shop.example")
_MESSAGE_ID = re.compile(rb"^Message-ID:\s+<(\S+)@", re.MULTILINE | re.IGNORECASE)


class MailTrouble(StrEnum):
    """What may go wrong with one call on the mail server."""

    DOWN = "mail_down"
    GREETING = "mail_dies_early"
    PUT_OFF = "mail_put_off"  # the address, for now
    REFUSED = "mail_refused"  # the address, for good
    TEXT_PUT_OFF = "mail_text_put_off"
    TEXT_REFUSED = "mail_text_refused"
    DIES_AND_KEEPS = "mail_dies_and_keeps"
    DIES_AND_LOSES = "mail_dies_and_loses"


class PlainWriter:
    """`MailWriter` with bare facts: the words are tested elsewhere."""

    def failures(self, facts: Failures) -> Text:
        """How many there are."""
        return Text(f"{facts.count} failures", "\n".join(line.order_number for line in facts.lines))

    def job_overdue(self, facts: OverdueJob) -> Text:
        """Which job hangs."""
        return Text(f"{facts.job} hangs", facts.link)

    def alert(self, facts: AlertFacts) -> Text:
        """What is wrong."""
        return Text(f"{facts.kind} is wrong", facts.link)


def post() -> Post:
    """How the desk of a history sends mail."""
    server = SmtpServer(host="mail.example", port=25, tls=False, starttls=False, username=None, password=None)
    return Post(server, "desk@shop.example", "https://desk.example", PlainWriter())


class PostOffice:
    """The one mail server; `taken` counts the mails that it keeps, by the desk's id in their Message-ID."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.troubles: Mapping[MailTrouble, float] = world.weights.mails or {}
        self.taken: Counter[str] = Counter()
        self.settled: set[str] = set()  # kept, or lost with the text: nobody may send these again (I14)
        self.failures_of: Counter[tuple[str, str]] = Counter()  # operation and recipient, as far as the desk wrote it

    def deal(self) -> MailTrouble | None:
        """What strikes the next mail."""
        left = 1.0 if self._world.calm else self._world.random.random()
        for trouble, chance in self.troubles.items():
            left -= chance
            if left < 0:
                self._world.faults[trouble.value] += 1
                return trouble
        return None

    def text_came(self, raw: bytes, trouble: MailTrouble | None) -> None:
        """The whole text is here: from now on only a definite refusal allows another try."""
        found = _MESSAGE_ID.search(raw)
        assert found is not None, raw
        name = found.group(1).decode().replace("-", "")
        if name in self.settled:
            self._world.say(f"I14: mail {name} was handed over again")
        if trouble in {MailTrouble.TEXT_PUT_OFF, MailTrouble.TEXT_REFUSED}:
            return
        self.settled.add(name)
        if trouble is not MailTrouble.DIES_AND_LOSES:
            self._keep(name)

    def _keep(self, name: str) -> None:
        self.taken[name] += 1
        rows = self._world.database.rows(
            "select n.operation_id, m.recipient from mails m join failure_notices n on n.batch_id = m.subject_id"
            " where m.id = ? and m.version = 1",
            (name,),
        )
        for operation, recipient in rows:
            self.failures_of[operation, recipient] += 1
            if self.failures_of[operation, recipient] > 1:
                self._world.say(f"R44: {recipient} was mailed twice about operation {operation}")


class Line:
    """What `smtplib.SMTP` is to the desk, for one mail."""

    sock = None

    def __init__(self, world: World) -> None:
        self._world = world
        self._trouble = world.post_office.deal()
        if self._trouble is MailTrouble.DOWN:
            raise ConnectionRefusedError("connection refused")

    def ehlo_or_helo_if_needed(self) -> None:
        """The greeting."""
        if self._trouble is MailTrouble.GREETING:
            raise smtplib.SMTPServerDisconnected("gone")

    def mail(self, _sender: str) -> tuple[int, bytes]:
        """Anybody may send."""
        return 250, b"ok"

    def rcpt(self, _recipient: str) -> tuple[int, bytes]:
        """The address is judged here."""
        answers = {MailTrouble.PUT_OFF: (450, b"later"), MailTrouble.REFUSED: (550, b"nobody of that name")}
        return answers.get(self._trouble or MailTrouble.DOWN, (250, b"ok"))

    def docmd(self, _word: str) -> tuple[int, bytes]:
        """DATA."""
        return 354, b"go on"

    def send(self, raw: bytes) -> None:
        """The text with its final dot; a process may die while it is under way."""
        self._world.post_office.text_came(raw, self._trouble)
        self._world.observing(KillPoint.MAILING)

    def getreply(self) -> tuple[int, bytes]:
        """The last word."""
        if self._trouble in {MailTrouble.DIES_AND_KEEPS, MailTrouble.DIES_AND_LOSES}:
            self._world.scheduler.sleep(self._world.random.uniform(0.0, 20.0))
            raise smtplib.SMTPServerDisconnected("gone")
        answers = {MailTrouble.TEXT_PUT_OFF: (451, b"later"), MailTrouble.TEXT_REFUSED: (554, b"no")}
        return answers.get(self._trouble or MailTrouble.DOWN, (250, b"kept"))

    def putcmd(self, _word: str) -> None:
        """QUIT."""

    def close(self) -> None:
        """The line is free."""


@contextmanager
def open_office(world: World) -> Iterator[None]:
    """The desk's SMTP code speaks to this world's server; no real line, no real timer."""

    def line(_server: Any, _ehlo: str) -> Line:
        return Line(world)

    with patch.object(handing_over, "_line", line), patch.object(handing_over.threading, "Timer", Mock()):
        yield
