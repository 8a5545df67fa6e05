"""The emulator's control side, as the demo needs it: accounts, payments as buyers make them, and its portal."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from tasks.local.demo.shapes import HERE, DemoAccount, DemoOrder


class Control:
    """Calls of one emulator. Each raises RuntimeError with its own words when it refuses."""

    def __init__(self, emulator: str) -> None:
        """`emulator` is its base address."""
        self._http = httpx.Client(base_url=f"{emulator}/_emulator", timeout=30, trust_env=False)

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._http.close()

    def open(self, account: DemoAccount, **more: str) -> None:
        """Add the account, or change it."""
        body = {"provider": account.provider, "mode": account.mode.value, **account.emulator, **more}
        self._send("POST", "accounts", body | ({} if account.methods is None else {"methods": account.methods}))

    def offer(self, account: DemoAccount, methods: list[dict[str, Any]] | None) -> None:
        """What the account's provider offers from now on."""
        self._send("PUT", f"{account.provider}/methods", {"account": account.secret, "methods": methods})

    def pay(self, account: DemoAccount, order: DemoOrder) -> None:
        """The buyer's part, once."""
        reference = reference_of(account, order)
        if self._http.get(f"{account.provider}/payments/{reference}").is_success:
            return
        body = {
            "id": reference,
            "account": account.secret,
            "method": order.method,
            "amount_minor": order.total_minor - order.fields.get("tax", 0),
            "currency": order.currency,
            "order_number": order.number,
            **_goods(account, order),
            **order.fields,
        }
        self._send("POST", f"{account.provider}/payments", body)

    def captured_minor(self, account: DemoAccount, order: DemoOrder) -> int:
        """What its ledger says."""
        answer = self._send("GET", f"{account.provider}/payments/{reference_of(account, order)}")
        return int(answer["captured_minor"])

    def portal(self, account: DemoAccount, order: DemoOrder, action: str, amount_minor: int | None = None) -> None:
        """What staff, the buyer or the provider do to the payment."""
        body = {"action": action} | ({} if amount_minor is None else {"amount_minor": amount_minor})
        self._send("POST", f"{account.provider}/payments/{reference_of(account, order)}/portal", body)

    def fault(self, fault: dict[str, Any]) -> None:
        """Misbehave once."""
        self._send("POST", "faults", fault)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, path, json=body)
        if not answer.is_success:
            raise RuntimeError(f"The emulator refused {path}: {answer.text}")
        return answer.json()


def reference_of(account: DemoAccount, order: DemoOrder) -> str:
    """The provider's own form of a reference, the same at every start (section 1 or 2 of each provider's page)."""
    if account.provider == "klarna":
        return str(uuid.uuid5(HERE, order.number))
    if account.provider == "svea":
        return str(7_000_000 + int(order.number.rpartition("-")[2]))
    return f"demo{order.number.lower().replace('-', '')}".ljust(25, "0")


def _goods(account: DemoAccount, order: DemoOrder) -> dict[str, Any]:
    """The order's lines as the emulator's provider takes them; none where the order has none."""
    if not order.goods:
        return {}
    if account.provider == "svea":
        rows = [
            {
                "Name": one.name,
                "ArticleNumber": one.article,
                "Quantity": 100 * one.pieces,
                "UnitPrice": one.price_minor,
                "VatPercent": one.vat_bp,
            }
            for one in order.goods
        ]
        return {"rows": rows}
    return {
        "lines": [_klarna_line(one.name, one.article, one.price_minor, one.pieces, one.vat_bp) for one in order.goods]
    }


def _klarna_line(name: str, article: str, price_minor: int, pieces: int, vat_bp: int) -> dict[str, Any]:
    total = price_minor * pieces
    return {
        "type": "physical",
        "reference": article,
        "name": name,
        "quantity": pieces,
        "quantity_unit": "st",
        "unit_price": price_minor,
        "tax_rate": vat_bp,
        "total_amount": total,
        "total_discount_amount": 0,
        "total_tax_amount": round(total * vat_bp / (10000 + vat_bp)),
    }
