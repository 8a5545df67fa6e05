"""The look that opens and closes alerts; an occurrence is written once, together with its mails (R41, R47).

Any number of processes may look: each opens or closes in a transaction that asks again, and a unique key decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from webapp.domain.alerts import CALM, AlertKind
from webapp.models import Alert
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.alerts import telling
from webapp.services.alerts.watching import WATCHES, Place
from webapp.services.kill_points import KillPoint, reached
from webapp.services.unit_of_work import Tx, in_transaction, reading

Spot = tuple[AlertKind, Place]


def look() -> int:
    """Open what has become wrong since the last look and close what is over; answers how many were opened.

    While nothing changes it only reads: one statement for each kind, and one for what is open.
    """
    with reading() as tx:
        changed = _changed(tx, runtime.current().clock.now(tx))
    return sum(_settle(spot) for spot in changed)


def _changed(tx: Tx, now: datetime) -> Sequence[Spot]:
    """Where the rows do not say what is wrong now."""
    alerts = {(row.kind, Place(row.shop_id, row.mode)): row for row in tx.scalars(_open())}
    wrong = {(kind, place) for kind, watch in WATCHES.items() for place in watch(tx, now)}
    spots = [*alerts, *(spot for spot in wrong if spot not in alerts)]
    return [spot for spot in spots if not _is_said(alerts.get(spot), spot in wrong, now)]


def _is_said(alert: Alert | None, is_wrong: bool, now: datetime) -> bool:
    if alert is None:
        return not is_wrong
    if is_wrong or alert.calm_since is None:
        return is_wrong and alert.calm_since is None
    return now < alert.calm_since + _calm(alert.kind)


def _settle(spot: Spot) -> bool:
    try:
        opened = in_transaction(partial(_settle_within, spot=spot))
    except IntegrityError:
        return False  # another one opened it a moment earlier
    if opened:
        reached(KillPoint.ALERTING)
    return opened


def _settle_within(tx: Tx, spot: Spot) -> bool:
    """Ask again and write what is so now: whoever looked may have slept since. True when an alert was opened."""
    kind, place = spot
    now = runtime.current().clock.now(tx)
    wrong_since = WATCHES[kind](tx, now).get(place)
    mine = Alert.kind == kind, Alert.shop_id == place.shop_id, Alert.mode == place.mode
    alert = tx.scalars(_open().where(*mine).with_for_update()).one_or_none()
    if alert is None and wrong_since is not None:
        _begin(tx, kind, place, wrong_since, now)
        return True
    if alert is not None:
        _go_on(alert, wrong_since is not None, now)
    return False


def _begin(tx: Tx, kind: AlertKind, place: Place, wrong_since: datetime, now: datetime) -> None:
    alert = Alert(
        id=new_id(), kind=kind, shop_id=place.shop_id, mode=place.mode, wrong_since=wrong_since, opened_at=now
    )
    tx.add(alert)
    tx.flush()
    reached(KillPoint.ALERTING)
    telling.tell_staff(tx, alert)
    reached(KillPoint.ALERTING)


def _go_on(alert: Alert, is_wrong: bool, now: datetime) -> None:
    if is_wrong:
        alert.calm_since = None
        return
    alert.calm_since = alert.calm_since or now
    if now >= alert.calm_since + _calm(alert.kind):
        alert.closed_at = now


def _calm(kind: AlertKind) -> timedelta:
    return CALM.get(kind, timedelta(0))


def _open() -> Select[Alert]:
    return select(Alert).where(Alert.closed_at.is_(None))
