"""The order list and the page of one order, at several sizes of the database.

Measured is the application in this process, from the WSGI call to the last byte, for a person who is signed in, after
some requests that are not counted. The baseline of each page is what cannot be spared: its SQL statements, run again
through the driver alone, and its template, rendered again with the data at hand. CPU seconds are of this process, so
PostgreSQL's own work is in the wall clock only. Other work on the machine makes the wall clock longer, never shorter:
the verdict goes by the fastest quarter of the requests (p25), and p50 and p95 stand beside it. A shared machine has
slow and fast minutes, so all sizes take turns at every page, a few requests each, and the pages come in rounds. A page
grows from the smallest size at which it showed as many orders: one with a single order costs less than one with 25,
wherever they are. Where it found fewer there, of which only so many are shown, both are named: a list reads as many as
it counts, so up to that bound it grows with those and not with the orders.
"""

from __future__ import annotations

import os
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from flask import Flask, template_rendered
from sqlalchemy import select
from werkzeug.test import EnvironBuilder, run_wsgi_app

from benchmarks.crowd import END, RETIRED_METHOD, SPAN
from benchmarks.setting import setting
from benchmarks.stock import PERSON
from benchmarks.watching import Bare, bare_line, seen_statements
from tests.webapp.visitor import Visitor
from webapp import create_app
from webapp.models import Mode, Order, Payment, Shop, User
from webapp.services import runtime
from webapp.services.orders.cursors import Cursor
from webapp.services.runtime import Runtime
from webapp.services.unit_of_work import reading

MOST_S, MOST_GROWTH = 0.025, 1.3
ROUNDS, TURNS = 2, 5
WARM = 5


@dataclass(frozen=True)
class Cost:
    """One page at one size; times in seconds."""

    name: str
    address: str
    wall: list[float]
    cpu: list[float]
    statements: int
    bare: float
    rows: int  # orders that the page lists
    found: str  # orders that it says there are

    def at(self, percent: int) -> float:
        """The wall clock's time within which that part of the requests ended."""
        return statistics.quantiles(self.wall, n=100, method="inclusive")[percent - 1]

    def __str__(self) -> str:
        """One line of the table."""
        walls = " ".join(f"{self.at(percent) * 1000:6.1f}" for percent in (25, 50, 95))
        cpu = statistics.median(self.cpu) * 1000
        verdict = "" if self.at(25) <= MOST_S else "  OVER 25 ms"
        ratio = self.at(25) / self.bare
        return f"  {self.name:<34} {walls} | {cpu:6.1f} | {self.statements:2} | {ratio:4.1f} x{verdict}"


@dataclass
class Measured:
    """All sizes on one kind of database."""

    kind: str
    sizes: dict[int, list[Cost]] = field(default_factory=dict)

    def __str__(self) -> str:
        """A table for each size, then the growth."""
        lines = []
        for size, costs in self.sizes.items():
            lines.append(f"orders [{self.kind}], {size:,}: p25, p50, p95 ms | CPU ms | SQL | ratio to SQL and template")
            lines += [str(cost) for cost in costs]
        return "\n".join([*lines, *self._growth()])

    def _growth(self) -> Iterator[str]:
        large = max(self.sizes)
        if large == min(self.sizes):
            return
        yield f"orders [{self.kind}], growth to {large:,} (p25; target {MOST_GROWTH}):"
        for cost in self.sizes[large]:
            small, before = self._alike(cost)
            if small == large:
                yield f"  {cost.name:<34}    - (its {cost.rows} orders stand on no smaller one)"
                continue
            growth = cost.at(25) / before.at(25)
            verdict = "" if growth <= MOST_GROWTH else "  MISSED"
            if cost.found != before.found:
                verdict += f" ({before.found} there, {cost.found.lower()} here)"
            yield f"  {cost.name:<34} {growth:4.2f} from {small:,}{verdict}"

    def _alike(self, cost: Cost) -> tuple[int, Cost]:
        """The same page at the smallest size at which it showed as many orders."""
        same = ((size, each) for size in sorted(self.sizes) for each in self.sizes[size] if each.name == cost.name)
        return next((size, each) for size, each in same if each.rows == cost.rows)


def measure(kind: str, sizes: Sequence[int], requests: int) -> Measured:
    """Every page at every size."""
    with setting(kind, orders=sizes) as made, ExitStack() as stack:
        desks = [stack.enter_context(_desk(made.databases[size])) for size in sizes]
        for _round in range(ROUNDS):
            for pages in zip(*(desk.pages for desk in desks), strict=True):
                for turn in range(TURNS):
                    for desk, page in zip(desks, pages, strict=True):
                        with runtime.using(desk.runtime):
                            page.ask(requests // (ROUNDS * TURNS), desk.alone, with_template=not turn)
        found = Measured(kind)
        for size, desk in zip(sizes, desks, strict=True):
            with runtime.using(desk.runtime):
                found.sizes[size] = [page.cost() for page in desk.pages]
        return found


@dataclass(frozen=True)
class Desk:
    """The application on one database: its pages, and the driver alone for their baseline."""

    runtime: Runtime
    pages: list[Asked]
    alone: Bare


@contextmanager
def _desk(address: str) -> Iterator[Desk]:
    os.environ["PAYDESK_DATABASE_URL"] = address
    app = create_app()
    own = runtime.current()
    with bare_line() as alone:
        with app.app_context():
            pages, user_id = _pages(), _person()
        yield Desk(own, [Asked(app, Visitor(app, user_id), *page) for page in pages.items()], alone)
    own.engine.dispose()


def _person() -> Any:
    with reading() as tx:
        return tx.execute(select(User.id).where(User.email == PERSON)).scalar_one()


def _pages() -> dict[str, str]:
    """Names and addresses; `far` is an order a tenth from the oldest, `mid` one from the middle."""
    with reading() as tx:
        shop_id = tx.execute(select(Shop.id).where(Shop.code == "tea")).scalar_one()
        places = (END - SPAN * 0.9, END - SPAN * 0.5)
        orders = select(Order).where(Order.shop_id == shop_id, Order.mode == Mode.TEST).order_by(Order.ordered_at)
        far, mid = (tx.scalars(orders.where(Order.ordered_at > _utc(at)).limit(1)).one() for at in places)
        reference = tx.scalars(select(Payment.provider_ref).where(Payment.order_id == mid.id).limit(1)).one()
        tx.expunge_all()
    deep, day = Cursor(far.ordered_at, far.id).text(), mid.ordered_at.date()
    return {
        "first page": "/orders",
        "a page deep in the list": f"/orders?at={deep}",
        "status": "/orders?status=shipped",
        "payment state, frequent": "/orders?state=captured",
        "payment state, a third back": "/orders?state=part_captured",
        "payment state, rare and far back": "/orders?state=held",
        "payment state, none": "/orders?state=unclear",
        "method": "/orders?method=konbini",
        "method, far back": f"/orders?method={RETIRED_METHOD}",
        "provider": "/orders?provider=komoju",
        "state and provider, deep": f"/orders?state=refunded&provider=komoju&at={deep}",
        "dates": f"/orders?since={day}&until={day}",
        "state and dates": f"/orders?state=refunded&until={day}",
        "needs attention": "/orders?attention=1",
        "text: beginning of numbers": "/orders?q=T-0000",
        "text: beginning of one number": f"/orders?q={mid.number[:-1]}",
        "text: e-mail": f"/orders?q={mid.buyer_email}",
        "text: provider reference": f"/orders?q={reference[:12]}",
        "text: amount": "/orders?q=3300",
        "text: nothing": "/orders?q=nowhere",
        "order page": f"/orders/{mid.id}",
    }


def _utc(moment: Any) -> Any:
    return moment.replace(tzinfo=UTC)


class Asked:
    """One page that is asked for in several rounds, and what each request of it cost."""

    def __init__(self, app: Flask, visitor: Visitor, name: str, address: str) -> None:
        cookie = visitor.client.get_cookie(app.config["SESSION_COOKIE_NAME"])
        headers = [("Cookie", f"{cookie.key}={cookie.value}")] if cookie else None
        self._app, self._name, self._address = app, name, address
        self._environ = EnvironBuilder(path=address, headers=headers).get_environ()
        self._wall: list[float] = []
        self._cpu: list[float] = []
        self._bare: list[float] = []
        self._renders: list[float] = []
        self._statements: list[Any] = []

    def ask(self, requests: int, alone: Bare, *, with_template: bool) -> None:
        """Some requests, after some that are not counted; the template is timed in one turn of a round only."""
        for _each in range(WARM if with_template else 1):
            self._once()
        if with_template:
            with seen_statements() as statements, _timed_template(self._app, requests * 2) as renders:
                self._once()
            self._statements = statements
            self._renders += renders
        for _each in range(requests):
            started, worked = time.perf_counter(), time.process_time()
            self._once()
            self._wall.append(time.perf_counter() - started)
            self._cpu.append(time.process_time() - worked)
            self._bare.append(alone(self._statements))

    def cost(self) -> Cost:
        """All rounds together."""
        base = _quarter(self._bare) + _quarter(self._renders)
        count, page = len(self._statements), self._once()
        facts = re.search(r'id="list-facts"[^>]*>([^<.·]*)', page.decode())
        found = facts[1].strip() if facts else ""
        rows = page.count(b'<tr class="opens"')
        return Cost(self._name, self._address, self._wall, self._cpu, count, base, rows, found)

    def _once(self) -> bytes:
        body, status, _headers = run_wsgi_app(self._app.wsgi_app, self._environ.copy(), buffered=True)
        if not status.startswith("200"):
            raise RuntimeError(f"{self._address} answered {status}")
        return b"".join(body)


def _quarter(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=4, method="inclusive")[0]


@contextmanager
def _timed_template(app: Flask, times_more: int) -> Iterator[list[float]]:
    """Within a request: its template rendered some more times with the same data."""
    times: list[float] = []

    def again(_app: Flask, template: Any, context: dict[str, Any], **_more: Any) -> None:
        for _each in range(times_more):
            started = time.perf_counter()
            template.render(context)
            times.append(time.perf_counter() - started)

    with template_rendered.connected_to(again, app):
        yield times
