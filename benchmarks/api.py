"""From a program's POST to the committed operation, against a bare insert on the same database.

Measured is the whole call through the application: key, rate, reading, the note that it runs (one transaction), then
reservation, operation, audit, wake-up and the stored answer (another one).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from sqlalchemy import update

from benchmarks import rows
from benchmarks.filing import bare_inserts, ratios
from benchmarks.setting import setting
from tests import factories
from tests.webapp.api.caller import make_key
from webapp import create_app
from webapp.models import ApiKey
from webapp.services.unit_of_work import in_transaction

BODY = json.dumps({"amount_minor": 1100, "currency": "JPY", "reason": "returned"})


@dataclass(frozen=True)
class Called:
    """One measurement; times in seconds."""

    kind: str
    posts: list[float]
    repeats: list[float]
    inserts: list[float]

    def __str__(self) -> str:
        """Two lines for the note."""
        first = f"API refund POST to committed operation [{self.kind}], {len(self.posts)} posts: "
        again = f"the same request again, its stored answer [{self.kind}]: "
        return f"{first}{ratios(self.posts, self.inserts)}\n{again}{ratios(self.repeats, self.inserts)}"


def measure(kind: str, posts: int = 300) -> Called:
    """Refund each of `posts` payments by the API, ask again, and insert as many bare rows."""
    with setting(kind) as made:
        app = create_app()
        with app.app_context():
            factories.ensure_single_rows()
            shop_id, account_id, _user_id = rows.shop_with_account()
            payment_ids = rows.payments(made, posts, shop_id, account_id)
            key_id, token = make_key({shop_id})
            fast = update(ApiKey).where(ApiKey.id == key_id).values(requests_per_minute=10_000_000)
            in_transaction(lambda tx: tx.execute(fast))
        client = app.test_client(use_cookies=False)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        times: list[list[float]] = []
        for _round in ("first", "again"):
            times.append([])
            for number, payment_id in enumerate(payment_ids):
                given = headers | {"Idempotency-Key": f"bench-{number}"}
                started = time.perf_counter()
                answer = client.post(f"/api/v1/payments/{payment_id}/refunds", data=BODY, headers=given)
                times[-1].append(time.perf_counter() - started)
                if answer.status_code != 202:
                    raise RuntimeError(f"the refund was not filed: {answer.status} {answer.text}")
        with app.app_context():
            return Called(kind, *times, bare_inserts(posts))
