"""Orders by the hundred thousand, as a busy shop has them: the same rows for the same count, whatever the database.

Nine of ten orders are the first shop's, spread evenly over three years that end at END. Most payments were captured;
refunds and cancels come with their operations, attempts and movements, so that the books are whole (`verify`). Half of
them, a twentieth of all orders, answer the change of status that cancelled their order, as the jobs left them. Three
things lie far back, because a walk from the newest order on meets them last: payments HELD stand among the oldest
hundredth of the orders, part captures among the oldest third, and RETIRED_METHOD among the oldest tenth. The audit
chain stays empty.
"""

# ruff: noqa: RUF005 - rows are put together from groups of columns

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

END = datetime(2026, 11, 20, 18)  # noqa: DTZ001 - UTC, written as both databases read it
SPAN = timedelta(days=3 * 365)
AT_ONCE = 20_000
RETIRED_METHOD = "bit_cash"
METHODS = (("credit_card", 60), ("konbini", 22), ("paypay", 12), ("bank_transfer", 6))
STATES = (
    ("captured", 72.0),
    ("refunded", 6.0),
    ("part_refunded", 3.0),
    ("authorised", 5.0),
    ("waiting", 4.0),
    ("cancelled", 5.0),
    ("expired", 3.0),
    ("failed", 2.0),
)
WORTH = (1100, 2200, 3300, 4800, 5500, 7900, 9800, 12800, 19800, 33000)
NAMES = ("hana", "ken", "yui", "sota", "rin", "marie", "luc", "astrid", "nils", "emma")

COLUMNS = {
    "orders": (
        "id shop_id mode number status_id currency total_minor buyer_email language ordered_at created_at"
        " undo_change_id version"
    ),
    "payments": (
        "id shop_id order_id account_id mode provider_ref method currency provider_state authorised_minor"
        " cancelled_minor captured_minor refunded_minor capture_reserved_minor cancel_reserved_minor"
        " refund_reserved_minor excess_minor kept frozen_reason frozen_at last_read_at created_at ordered_at version"
    ),
    "movements": (
        "id shop_id payment_id account_id kind amount_minor currency provider_movement_id operation_id chargeback"
        " occurred_at booked_at"
    ),
    "operations": (
        "id shop_id order_id payment_id account_id wish_id kind state amount_minor currency whole_rest reason_id"
        " request_id key requested_by requested_via status_change_id created_at state_since fence tries replays"
        " first_sent_at last_sent_at in_doubt fresh_send_used restored provider_code ended_at mode ordered_at"
    ),
    "attempts": (
        "id operation_id fence key call_digest call_redacted baseline started_at ended_at outcome http_status"
        " answer_redacted"
    ),
    "order_status_changes": "id shop_id order_id from_status_id to_status_id changed_at via acts",
}
"""What is written of each table; the other columns are empty."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The rows that the orders hang on, as hexadecimal ids; one shop, or several of which the first is the busy one."""

    shop_id: str
    account_id: str
    user_id: str
    reason_id: str
    statuses: dict[str, str]  # kind -> id


@dataclass(slots=True)
class Crowd:
    """Makes the rows; texts and whole numbers only, which both databases take as they are."""

    grounds: Sequence[Ground]
    count: int
    _random: Random = field(default_factory=lambda: Random(2026))
    _rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))

    def chunks(self) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
        """Rows by table, some thousand orders at a time, oldest first."""
        for number in range(self.count):
            self._order(number)
            if len(self._rows["orders"]) >= AT_ONCE:
                yield self._rows
                self._rows = defaultdict(list)
        yield self._rows

    def _id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def _order(self, number: int) -> None:
        share, random = number / self.count, self._random
        ground = self.grounds[0 if random.random() < 0.9 else -1]
        at = END - SPAN * (1 - share) + timedelta(seconds=random.randrange(60))
        order_id, total = self._id(), random.choice(WORTH)
        state = self._state(number, share)
        status = self._status(state)
        buyer = f"{random.choice(NAMES)}.{random.randrange(self.count):06d}@example.test"
        moment = str(at)
        change_id = self._id()
        undone_by = change_id if state in {"refunded", "cancelled"} and random.random() < 0.5 else None
        self._rows["orders"].append(
            (order_id, ground.shop_id, "test", f"T-{number:07d}", ground.statuses[status], "JPY", total)
            + (buyer, "ja", moment, moment, undone_by, 1)
        )
        if status != "new":
            first, last = ground.statuses["new"], ground.statuses[status]
            change = (change_id, ground.shop_id, order_id, first, last, str(at + timedelta(hours=2)), "web")
            self._rows["order_status_changes"].append((*change, 1 if undone_by else 0))
        if random.random() < 0.02:
            self._payment(ground, order_id, at, "failed", "credit_card", total)
        self._payment(ground, order_id, at, state, self._method(share), total, undone_by)

    def _state(self, number: int, share: float) -> str:
        if share < 0.01 and number % 100 == 0:
            return "held"
        if share < 1 / 3 and number % 10 == 0:
            return "part_captured"
        names, weights = zip(*STATES, strict=True)
        return str(self._random.choices(names, weights)[0])

    def _status(self, state: str) -> str:
        if state in {"cancelled", "expired", "failed", "refunded"}:
            return "cancelled"
        if state in {"waiting", "authorised"}:
            return "new"
        return str(self._random.choices(("paid", "shipped", "completed"), (1, 2, 7))[0])

    def _method(self, share: float) -> str:
        if share < 0.1 and self._random.random() < 0.3:
            return RETIRED_METHOD
        names, weights = zip(*METHODS, strict=True)
        return str(self._random.choices(names, weights)[0])

    def _payment(
        self,
        ground: Ground,
        order_id: str,
        at: datetime,
        state: str,
        method: str,
        total: int,
        undone_by: str | None = None,
    ) -> None:
        payment_id = self._id()
        word, authorised, captured, refunded, cancelled = _sums(state, total)
        reference, moment = f"{self._random.getrandbits(100):025x}", str(at)
        frozen = ("chargeback", moment) if state == "held" else (None, None)
        self._rows["payments"].append(
            (payment_id, ground.shop_id, order_id, ground.account_id, "test", reference, method, "JPY", word)
            + (authorised, cancelled, captured, refunded, 0, 0, 0, 0, "{}", *frozen, moment, moment, moment, 1)
        )
        moves = (("authorise", authorised), ("capture", captured), ("refund", refunded), ("cancel", cancelled))
        for kind, amount in moves:
            if amount:
                ids = order_id, payment_id, undone_by
                by_us = self._operation(ground, ids, kind, amount, at) if kind in {"refund", "cancel"} else None
                self._rows["movements"].append(
                    (self._id(), ground.shop_id, payment_id, ground.account_id, kind, amount, "JPY")
                    + (f"{reference}.{kind}", by_us, 0, moment, moment)
                )
        if captured and not refunded and self._random.random() < 0.0005:
            self._operation(ground, (order_id, payment_id, None), "refund", captured, at, state="rejected")

    def _operation(
        self,
        ground: Ground,
        ids: tuple[str, str, str | None],
        kind: str,
        amount: int,
        at: datetime,
        state: str = "succeeded",
    ) -> str:
        order_id, payment_id, undone_by = ids
        operation_id, key = self._id(), self._id()
        asked, ended = str(at + timedelta(days=1)), str(at + timedelta(days=1, seconds=2))
        done = state == "succeeded"
        reason = ground.reason_id if kind == "refund" else None
        self._rows["operations"].append(
            (operation_id, ground.shop_id, order_id, payment_id, ground.account_id, self._id(), kind, state, amount)
            + ("JPY", 0, reason, self._id(), key, ground.user_id, "job" if undone_by else "web", undone_by)
            + (asked, ended, 1, 1, 0, asked, asked, 0, 0, 0, None if done else "insufficient_funds", ended)
            + ("test", str(at))
        )
        self._rows["attempts"].append(
            (self._id(), operation_id, 1, key, "0" * 64, "{}", "[]", asked, ended)
            + ("done" if done else "refused", 200 if done else 422, "{}")
        )
        return operation_id


def _sums(state: str, total: int) -> tuple[str, int, int, int, int]:
    """The provider's word, and what was authorised, captured, refunded and cancelled."""
    part = total // 2
    return {
        "captured": ("captured", total, total, 0, 0),
        "held": ("captured", total, total, 0, 0),
        "refunded": ("refunded", total, total, total, 0),
        "part_refunded": ("captured", total, total, part, 0),
        "part_captured": ("captured", total, part, 0, 0),
        "authorised": ("authorised", total, 0, 0, 0),
        "waiting": ("waiting", 0, 0, 0, 0),
        "cancelled": ("cancelled", total, 0, 0, total),
        "expired": ("expired", 0, 0, 0, 0),
        "failed": ("failed", 0, 0, 0, 0),
    }[state]
