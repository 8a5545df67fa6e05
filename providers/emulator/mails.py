"""Catches mail over SMTP and keeps it for people and tests to read; nothing is ever sent on."""

import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from markupsafe import escape

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
    """The newest thousand messages, in memory."""

    def __init__(self) -> None:
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

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802  aiosmtpd's name
        """Keep the message; 250 is the answer that the sender waits for."""
        self._box.add(envelope.mail_from, list(envelope.rcpt_tos), envelope.content)
        return "250 kept"


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
