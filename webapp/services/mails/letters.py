"""What a mail is made of, and who writes its words: services hand over facts, the writer knows languages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from providers.kinds import OperationKind
from webapp.domain.alerts import AlertKind
from webapp.domain.outcomes import OutcomeWord
from webapp.models import MailKind, Mode
from webapp.setting_values import SmtpServer


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and plain text of a mail."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one recipient; (kind, subject_id, recipient, version) is there once (R41).

    `shop_id` None: about the installation. `doubtful`: it may have been sent before a backup was restored, so it is
    kept as "maybe sent" for people to decide (R29).
    """

    kind: MailKind
    subject_id: uuid.UUID
    recipient: str
    shop_id: uuid.UUID | None
    mode: Mode | None
    language: str
    text: Text
    version: int = 1
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class FailureLine:
    """One operation that ended without effect; nothing personal (R44). `amount_minor` in minor units."""

    order_number: str
    kind: OperationKind
    word: OutcomeWord
    amount_minor: int
    currency: str
    code: str | None  # of the reason
    link: str


@dataclass(frozen=True, slots=True)
class Failures:
    """A batch of failures of a shop; `lines` are the first of `count`, `rest_link` shows the others."""

    shop_name: str
    language: str
    mode: Mode
    lines: Sequence[FailureLine]
    count: int
    rest_link: str


@dataclass(frozen=True, slots=True)
class OverdueJob:
    """A run of a job that has not ended in its time; `shop_name` None: a job of the whole desk."""

    shop_name: str | None
    language: str
    time_zone: str
    job: str
    since: datetime
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """What is wrong since `since` (UTC), in a mode of a shop, or of the whole desk without either; nothing personal."""

    kind: AlertKind
    shop_name: str | None
    language: str
    time_zone: str
    mode: Mode | None
    since: datetime
    link: str


class MailWriter(Protocol):
    """Puts facts into words of the language that they name."""

    def failures(self, facts: Failures) -> Text:
        """The mail about operations that were not done."""

    def job_overdue(self, facts: OverdueJob) -> Text:
        """The mail about a job that hangs."""

    def alert(self, facts: AlertFacts) -> Text:
        """The mail about something that is wrong."""


@dataclass(frozen=True, slots=True)
class Post:
    """How mail leaves the desk. `public_url` starts every link in it (R45)."""

    server: SmtpServer
    sender: str
    public_url: str
    writer: MailWriter
