"""One mail to the mail server over SMTP, and what its answers prove (R42). Knows no database."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from webapp.domain.card_numbers import without_card_numbers
from webapp.domain.mails import Handover
from webapp.services.kill_points import KillPoint, reached
from webapp.services.mails.addresses import is_clean
from webapp.setting_values import SmtpServer

CONNECT_S = 10.0
REPLY_S = 20.0
WHOLE_S = 60.0  # from the greeting to the last answer; then the line is cut
LONGEST_ANSWER = 300
GOING_AWAY = 421  # the server closes down: no word on this mail
TROUBLE = (OSError, smtplib.SMTPException, UnicodeError)
Step = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the server is told: sender, the one recipient, and the whole message with CRLF line ends."""

    sender: str
    recipient: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """How it went, and the server's code and text without the address."""

    how: Handover
    words: str


def hand_over(server: SmtpServer, envelope: Envelope, ehlo: str, begin: Step) -> Answer:
    """Give one mail to the server. `begin` is asked just before the text goes out; False leaves it unsent.

    Never raises for what a server or the network does.
    """
    try:
        line = _line(server, ehlo)
    except TROUBLE as failure:
        return Answer(Handover.NOT_REACHED, _told(failure, server, envelope))
    cut = threading.Timer(WHOLE_S, _cut, [line])
    cut.daemon = True
    cut.start()
    try:
        return _spoken(line, server, envelope, begin)
    finally:
        cut.cancel()
        line.close()


def _line(server: SmtpServer, ehlo: str) -> smtplib.SMTP:
    """A connection that was greeted."""
    line: smtplib.SMTP
    if server.tls:
        context = ssl.create_default_context()
        line = smtplib.SMTP_SSL(server.host, server.port, ehlo, timeout=CONNECT_S, context=context)
    else:
        line = smtplib.SMTP(server.host, server.port, ehlo, timeout=CONNECT_S)
    if line.sock is not None:
        line.sock.settimeout(REPLY_S)
    return line


def _cut(line: smtplib.SMTP) -> None:
    with suppress(OSError):
        if line.sock is not None:
            line.sock.shutdown(socket.SHUT_RDWR)


def _spoken(line: smtplib.SMTP, server: SmtpServer, envelope: Envelope, begin: Step) -> Answer:
    try:
        _introduce(line, server)
        for ask, address in ((line.mail, envelope.sender), (line.rcpt, envelope.recipient)):
            code, text = ask(address)
            if code // 100 != 2:
                how = Handover.NOT_REACHED if code == GOING_AWAY else _refusal(code) or Handover.NOT_REACHED
                return Answer(how, _clean(f"{code} {_decoded(text)}", server, envelope))
    except TROUBLE as failure:
        return Answer(Handover.NOT_REACHED, _told(failure, server, envelope))
    if not begin():
        return Answer(Handover.LOST, "")
    try:
        code, text = _data(line, envelope.raw)
    except TROUBLE as failure:
        return Answer(Handover.UNCLEAR, _told(failure, server, envelope))
    how = Handover.TAKEN if code // 100 == 2 else _refusal(code) or Handover.UNCLEAR
    with suppress(*TROUBLE):
        line.putcmd("quit")  # its answer is not waited for: the mail's own is what counts
    return Answer(how, _clean(f"{code} {_decoded(text)}", server, envelope))


def _introduce(line: smtplib.SMTP, server: SmtpServer) -> None:
    line.ehlo_or_helo_if_needed()
    if server.starttls:
        line.starttls(context=ssl.create_default_context())
        line.ehlo_or_helo_if_needed()
    if server.username is not None:
        line.login(server.username, server.password or "")


def _data(line: smtplib.SMTP, raw: bytes) -> tuple[int, bytes]:
    """The server's last word about the text; smtplib's own `data` cannot be stopped in the middle by a test."""
    code, text = line.docmd("DATA")
    if code != 354:
        return code, text
    reached(KillPoint.MAILING)
    line.send(re.sub(rb"(?m)^\.", b"..", raw).removesuffix(b"\r\n") + b"\r\n.\r\n")
    return line.getreply()


def _refusal(code: int) -> Handover | None:
    """What a code other than 2xx proves; None: nothing."""
    return {4: Handover.PUT_OFF, 5: Handover.REFUSED}.get(code // 100)


def _told(failure: Exception, server: SmtpServer, envelope: Envelope) -> str:
    if isinstance(failure, smtplib.SMTPResponseException):
        return _clean(f"{failure.smtp_code} {_decoded(failure.smtp_error)}", server, envelope)
    return _clean(f"{type(failure).__name__}: {failure}", server, envelope)


def _clean(words: str, server: SmtpServer, envelope: Envelope) -> str:
    """What was said, for people: no address, no sign-in, no control characters, no card number."""
    for secret in (envelope.recipient, server.password, server.username):
        words = re.sub(re.escape(secret), "…", words, flags=re.IGNORECASE) if secret else words
    words = "".join(each if is_clean(each) else " " for each in words)
    return without_card_numbers(words.strip())[:LONGEST_ANSWER]


def _decoded(text: bytes | str) -> str:
    return text if isinstance(text, str) else text.decode("utf-8", "replace")
