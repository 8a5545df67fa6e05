"""The filters of the list of refunds, read from the address and written into it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from webapp.formatting.lazy import _l
from webapp.formatting.words import reason_name
from webapp.models import Mode, RefundReason
from webapp.services.operations.listing import STATE_GROUPS, Page, Place, RefundFilter

GROUPS: Mapping[str, str] = {
    "planned": _l("Planned"),
    "sent": _l("Sent"),
    "unknown": _l("Unknown"),
    "done": _l("Done"),
    "not-done": _l("Not done"),
    "stopped": _l("Stopped"),
}


def read_filter(asked: Mapping[str, str], shops: Collection[uuid.UUID], mode: Mode) -> RefundFilter:
    """The filter that the address asks for; what makes no sense is left out, what is not allowed too."""
    group = asked.get("state", "")
    return RefundFilter(
        shops=shops,
        mode=mode,
        group=group if group in STATE_GROUPS else None,
        reason=asked.get("reason") or None,
        person=_uuid(asked.get("person")),
        older_than=Place.read(asked.get("older")),
        newer_than=Place.read(asked.get("newer")),
    )


def addresses(wanted: RefundFilter, found: Page) -> tuple[str, str]:
    """Where the newer and the older page are; "" where there is none."""
    kept = _values(wanted)
    newer = url_for("refunds.index", **kept, newer=str(found.newer)) if found.newer else ""
    older = url_for("refunds.index", **kept, older=str(found.older)) if found.older else ""
    return newer, older


def chips_of(
    wanted: RefundFilter, people: Sequence[tuple[uuid.UUID, str]], reasons: Sequence[RefundReason]
) -> list[dict[str, str]]:
    """The filters in force, each with the address without it. The shop is chosen in the top bar."""
    kept = _values(wanted)
    person = next((name for user_id, name in people if user_id == wanted.person), "?")
    reason = next((reason_name(each) for each in reasons if each.code == wanted.reason), wanted.reason or "")
    labels = {
        "state": (_("State"), str(GROUPS.get(wanted.group or "", ""))),
        "reason": (_("Reason"), reason),
        "person": (_("Person"), person),
    }
    return [
        {
            "label": labels[name][0],
            "value": labels[name][1],
            "without": url_for("refunds.index", **{other: kept[other] for other in kept if other != name}),
        }
        for name in kept
    ]


def _values(wanted: RefundFilter) -> dict[str, Any]:
    values = {"state": wanted.group, "reason": wanted.reason, "person": wanted.person}
    return {name: str(value) for name, value in values.items() if value}


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None
