"""From the last click to the committed operation, against a bare insert on the same database.

Measured is the whole POST of the check page through the application: session, CSRF, rights, rate limit, form,
reservation, operation, audit and wake-up in one transaction, and the answer. The baseline is one row inserted and
committed by the driver's own statement on the same database.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from sqlalchemy import delete, text

from benchmarks import rows
from benchmarks.setting import setting
from tests import factories
from tests.webapp.visitor import Visitor
from webapp import create_app
from webapp.models import RateEvent
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.unit_of_work import in_transaction, transaction


@dataclass(frozen=True)
class Filed:
    """One measurement; times in seconds."""

    kind: str
    posts: list[float]
    inserts: list[float]

    def __str__(self) -> str:
        """One line for the note."""
        figures = ratios(self.posts, self.inserts)
        return f"refund POST to committed operation [{self.kind}], {len(self.posts)} posts: {figures}"


def ratios(posts: list[float], inserts: list[float]) -> str:
    """Half and nearly all of the times, each beside that of a bare insert."""
    parts = []
    for name, percent in (("p50", 50), ("p99", 99)):
        post, insert = percentile(posts, percent), percentile(inserts, percent)
        parts.append(f"{name} {post * 1000:.1f} ms = {post / insert:.0f} x a bare insert ({insert * 1000:.2f} ms)")
    return ", ".join(parts)


def percentile(values: list[float], percent: int) -> float:
    """The value below which `percent` of the values lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def measure(kind: str, posts: int = 300) -> Filed:
    """Post one refund for each of `posts` payments, and insert as many bare rows."""
    with setting(kind) as made:
        app = create_app()
        with app.app_context():
            factories.ensure_single_rows()
            shop_id, account_id, user_id = rows.shop_with_account()
            payment_ids = rows.payments(made, posts, shop_id, account_id)
            reason = str(factories.reason(shop_id))
        merchant = Visitor(app, user_id)
        times = []
        for payment_id in payment_ids:
            form = merchant.get(f"/payments/{payment_id}/refund")
            check = merchant.submit(form, "/refund", how_much="part", amount="1100", reason=reason, comment="")
            send = check.the_form("/send")
            in_transaction(lambda tx: tx.execute(delete(RateEvent)))  # ten a minute are a person's limit
            started = time.perf_counter()
            answer = merchant.client.post(send.action, data=send.values)
            times.append(time.perf_counter() - started)
            if answer.status_code != 303:
                raise RuntimeError(f"the refund was not filed: {answer.status}")
        with app.app_context():
            return Filed(kind, times, bare_inserts(posts))


def bare_inserts(count: int) -> list[float]:
    """Seconds that each of so many inserts of a row took, committed one by one."""
    with transaction() as tx:
        tx.execute(text("create table bare (id varchar(32) primary key, amount bigint not null)"))
    times = []
    for number in range(count):
        name = new_id().hex
        started = time.perf_counter()
        with runtime.current().engine.connect() as connection:
            connection.exec_driver_sql(f"insert into bare values ('{name}', {number})")
            connection.commit()
        times.append(time.perf_counter() - started)
    return times
