"""The mail about an alert: to the shop's addresses for failure mail, or to the owners where no shop is meant (R47)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import structlog

from webapp.domain.alerts import AlertKind
from webapp.models import Alert, MailKind, Shop
from webapp.services import runtime
from webapp.services.mails import staff
from webapp.services.mails.letters import AlertFacts, Text
from webapp.services.mails.staff import Reader
from webapp.services.unit_of_work import Tx

log = structlog.get_logger()
PAGES: Mapping[AlertKind, str] = MappingProxyType(
    {
        AlertKind.UNKNOWN: "/unknown",
        AlertKind.REVIEW: "/review",
        AlertKind.FROZEN: "/orders?state=held",
        AlertKind.SIGNATURES: "/webhooks?state=refused",
        AlertKind.BOOKS: "/jobs",
        AlertKind.AUDIT: "/audit",
        AlertKind.OUTBOX: "/jobs",
    }
)
"""Where people look first; behind the public address (R45)."""


def tell_staff(tx: Tx, alert: Alert) -> int:
    """Write the mails about an alert in the transaction that opens it; answers how many there are."""
    shop_name = tx.get_one(Shop, alert.shop_id).name if alert.shop_id else None
    log.error("alert", kind=alert.kind.value, shop_id=str(alert.shop_id), since=alert.wrong_since.isoformat())
    post = runtime.post()

    def write(reader: Reader) -> Text:
        facts = AlertFacts(
            kind=alert.kind,
            shop_name=shop_name,
            language=reader.language,
            time_zone=reader.time_zone,
            mode=alert.mode,
            since=alert.wrong_since,
            link=post.public_url + PAGES[alert.kind],
        )
        return post.writer.alert(facts)

    about = staff.About(MailKind.ALERT, alert.id, alert.shop_id, alert.mode, alert.wrong_since)
    return staff.tell(tx, about, write)
