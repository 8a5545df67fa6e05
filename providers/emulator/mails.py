"""Catches mail over SMTP and keeps it for people and tests to read; nothing is ever sent on.

What it does wrong on demand stands in mail_faults.py.
"""

import asyncio
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from markupsafe import escape

from .mail_faults import (
    CUT_AND_KEEP,
    CUT_AND_LOSE,
    DOWN,
    PUT_OFF_TEXT,
    REFUSE,
    REFUSE_FOR_NOW,
    REFUSE_TEXT,
    SLOW,
    MailFaults,
)
from .records import Json

KEPT_MAILS = 1000


@dataclass(frozen=True)
class Mail:
    """One caught message; `text` is its plain part, `received_at` ISO 8601 UTC."""

    number: int
    received_at: str
    sender: str
    recipients: list[str]
    subject: str
    message_id: str
    text: str
    html: str | None


class MailBox:
    """The newest thousand messages, in memory, and what is to go wrong with the next ones."""

    def __init__(self) -> None:
        self.faults = MailFaults()
        self._lock = threading.Lock()
        self._mails: list[Mail] = []
        self._count = 0

    def add(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Take in one message as it came over the wire."""
        message = message_from_bytes(raw, policy=policy.default)
        with self._lock:
            self._count += 1
            self._mails.append(
                Mail(
                    number=self._count,
                    received_at=datetime.now(UTC).isoformat(),
                    sender=sender,
                    recipients=recipients,
                    subject=str(message["subject"] or ""),
                    message_id=str(message["message-id"] or ""),
                    text=_part(message, "plain") or "",
                    html=_part(message, "html"),
                )
            )
            del self._mails[:-KEPT_MAILS]

    def listing(self) -> list[Json]:
        """All messages, newest first."""
        with self._lock:
            return [asdict(mail) for mail in reversed(self._mails)]

    def clear(self) -> None:
        """Throw all messages away."""
        with self._lock:
            self._mails.clear()


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content()).replace("\r\n", "\n")


class _Handler:
    def __init__(self, box: MailBox) -> None:
        self._box = box

    async def handle_EHLO(  # noqa: N802  aiosmtpd's name
        self,
        server: Any,
        session: Any,
        envelope: Any,  # noqa: ARG002
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Greet, or be down."""
        if self._box.faults.draw((DOWN,), []):
            server.transport.abort()
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self,
        server: Any,  # noqa: ARG002
        session: Any,  # noqa: ARG002
        envelope: Any,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        """Take the address, or refuse it for good or for now."""
        fault = self._box.faults.draw((REFUSE, REFUSE_FOR_NOW), [address])
        if fault is not None:
            for_good = fault.kind == REFUSE
            return f"550 5.1.1 <{address}> no such mailbox" if for_good else "451 4.3.2 try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 taken"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802  aiosmtpd's name
        """Keep the message; 250 is the answer that the sender waits for."""
        draw, recipients = self._box.faults.draw, list(envelope.rcpt_tos)
        if slow := draw((SLOW,), recipients):
            await asyncio.sleep(slow.seconds)
        fault = draw((REFUSE_TEXT, PUT_OFF_TEXT, CUT_AND_KEEP, CUT_AND_LOSE), recipients)
        if fault is None or fault.kind == CUT_AND_KEEP:
            self._box.add(envelope.mail_from, recipients, envelope.content)
        if fault is None:
            return "250 kept"
        if fault.kind in (CUT_AND_KEEP, CUT_AND_LOSE):
            server.transport.abort()
        return "554 5.6.0 this text is not wanted" if fault.kind == REFUSE_TEXT else "451 4.3.0 try again later"


def smtp_catcher(box: MailBox, host: str, port: int) -> Controller:
    """A server, not yet started, that puts all mail into the box; `.start()` and `.stop()` are its life."""
    return Controller(_Handler(box), hostname=host, port=port)


def mails_page(mails: list[Json]) -> str:
    """A plain list for people."""
    rows = "".join(
        f"<article><h2>{escape(mail['subject'])}</h2><p>{escape(mail['received_at'])}</p>"
        f"<p>{escape(mail['sender'])} to {escape(', '.join(mail['recipients']))}</p>"
        f"<pre>{escape(mail['text'])}</pre></article>"
        for mail in mails
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Caught mail</title><h1>Caught mail</h1>'
        f"{rows or '<p>No mail yet.</p>'}</html>"
    )
