"""Providers' messages at the door, beside a bare endpoint that inserts the same bytes as one row.

Both are called in this process, through the WSGI application and a client without a socket, so that the ratio is of
the work and not of the wire: one request after the other, each committed before it is answered. A message is signed,
verified, sealed and stored with its wake-up; a repeated one is verified and met by the unique key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass

from flask import Flask, request
from sqlalchemy import text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from benchmarks.filing import percentile
from benchmarks.setting import SECRET_KEY, setting
from tests import factories
from webapp import create_app
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.unit_of_work import transaction
from webapp.services.vault import credential_place

SECRET = "whsec_bench"
COUNT, WARM = 500, 10


@dataclass(frozen=True)
class Taken:
    """One measurement; times in seconds."""

    kind: str
    times: dict[str, list[float]]

    def __str__(self) -> str:
        """A line for each kind of request."""
        lines, bare = [], self.times["bare insert"]
        for name, times in self.times.items():
            p50, p99 = percentile(times, 50), percentile(times, 99)
            ratio = p50 / percentile(bare, 50)
            lines.append(
                f"messages [{self.kind}], {name}: p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms,"
                f" {len(times) / sum(times):.0f}/s = {ratio:.1f} x the bare insert (p50)"
            )
        return "\n".join(lines)


def measure(kind: str) -> Taken:
    """Bare inserts, messages, and the same messages again."""
    with setting(kind):
        app, bare = create_app(), _bare_endpoint()
        with app.app_context():
            token = _account()
            with transaction() as tx:
                tx.execute(text("create table bare (id varchar(32) primary key, body text not null)"))
        bodies = [_body(number) for number in range(COUNT)]
        address = f"/webhooks/komoju/{token}"
        for number in range(COUNT, COUNT + WARM):
            _post(bare, "/", _body(number))
            _post(app, address, _body(number))
        times: dict[str, list[float]] = {"bare insert": [], "new message": []}
        for raw in bodies:  # in turns, so that both meet the same load
            times["bare insert"].append(_post(bare, "/", raw))
            times["new message"].append(_post(app, address, raw))
        times["repeated message"] = [_post(app, address, raw) for raw in bodies]
        return Taken(kind, times)


def _account() -> str:
    shop = factories.shop()
    account_id = new_id()
    sealed = {
        name: runtime.current().vault.seal(value, credential_place(account_id, "komoju", name))
        for name, value in (("secret_key", SECRET_KEY), ("webhook_secret", SECRET))
    }
    made = factories.account(shop.id, SECRET_KEY, id=account_id, credentials=sealed)
    return str(made.webhook_token)


def _bare_endpoint() -> Flask:
    """The least that could take a message: its bytes in one row, committed."""
    app = Flask("bare")

    @app.post("/")
    def take() -> str:
        raw = request.get_data()
        with runtime.current().engine.connect() as connection:
            connection.execute(text("insert into bare values (:id, :body)"), {"id": new_id().hex, "body": raw.decode()})
            connection.commit()
        return "stored\n"

    return app


def _body(number: int) -> bytes:
    """An event about a payment as KOMOJU sends it."""
    event = {
        "id": f"evt{number}",
        "type": "payment.captured",
        "resource": "event",
        "created_at": "2026-11-20T10:00:00Z",
        "data": {
            "id": f"{number:025d}",
            "resource": "payment",
            "status": "captured",
            "amount": 3300,
            "tax": 0,
            "payment_deadline": None,
            "payment_details": {"type": "credit_card", "brand": "visa", "last_four_digits": "4242", "month": 1},
            "total": 3300,
            "currency": "JPY",
            "created_at": "2026-11-20T09:59:00Z",
            "amount_refunded": 0,
            "refunds": [],
            "external_order_num": f"A-{number}",
        },
    }
    return json.dumps(event).encode()


def _post(app: Flask, address: str, raw: bytes) -> float:
    """Seconds until it was answered."""
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-Komoju-Signature": signature, "X-Komoju-Event": "payment.captured"}
    builder = EnvironBuilder(path=address, method="POST", data=raw, content_type="application/json", headers=headers)
    environ = builder.get_environ()
    started = time.perf_counter()
    _said, status, _headers = run_wsgi_app(app, environ, buffered=True)
    if not status.startswith("200"):
        raise RuntimeError(f"{address} answered {status}")
    return time.perf_counter() - started
