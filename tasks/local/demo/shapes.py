"""What the demo is told with: shops, their accounts at providers, orders, and what was done with each since."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from providers.port import BankDetails
from webapp.models import Mode
from webapp.services.shops import ShopCommand

HERE = uuid.UUID("6f0a3f4e-9c57-4b0e-8a58-0d9a4f3f2b11")
"""What the demo makes has ids of its own name space, so that an interrupted demo goes on where it stopped."""


def fixed(**fields: Any) -> Mapping[str, Any]:
    """Fields that nobody changes."""
    return MappingProxyType(fields)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done with an order, by the desk or at the provider.

    The desk's are the words of WishKind, `part:WORD` for a wish about the goods at `goods`, and `status:CODE`. At
    the provider it is `portal:ACTION`, which the desk reads at once, or `unseen:ACTION`, of which it does not know
    yet. Amounts in minor units; None is everything.
    """

    what: str
    amount_minor: int | None = None
    reason: str = "returned"
    comment: str = ""
    bank: BankDetails | None = None
    fault: Mapping[str, Any] | None = None
    goods: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of an order: price of one piece with VAT in minor units, VAT in hundredths of a percent."""

    name: str
    article: str
    price_minor: int
    pieces: int = 1
    vat_bp: int = 2500


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """A payment as the buyer made it, and the steps since; amounts in minor units.

    With `goods` the amount is what they come to. `fields` are of the emulator's own call.
    """

    number: str
    buyer: str
    amount_minor: int = 0
    method: str = "credit_card"
    currency: str = "JPY"
    fields: Mapping[str, Any] = field(default_factory=fixed)
    steps: tuple[Step, ...] = ()
    goods: tuple[Goods, ...] = ()

    @property
    def total_minor(self) -> int:
        """What the buyer pays."""
        return self.amount_minor or sum(one.price_minor * one.pieces for one in self.goods)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """A contract at a provider: what the desk keeps of it, and what the emulator is told (`POST accounts`)."""

    provider: str
    mode: Mode
    name: str
    credentials: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=fixed)
    emulator: Mapping[str, Any] = field(default_factory=fixed)
    methods: Sequence[Mapping[str, Any]] | None = None

    @property
    def secret(self) -> str:
        """The word by which the emulator's control side knows the account."""
        return str(self.emulator["secret_key"])


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoShop:
    """A shop with its accounts and their orders, those after the jobs' first runs apart.

    `pays_later` is paid at the provider when its messages are heard.
    """

    command: ShopCommand
    orders: Sequence[tuple[DemoAccount, Sequence[DemoOrder]]]
    after_the_runs: Sequence[tuple[DemoAccount, Sequence[DemoOrder]]] = ()
    pays_later: tuple[DemoAccount, DemoOrder] | None = None

    @property
    def accounts(self) -> Sequence[DemoAccount]:
        """Each once."""
        return [account for account, _orders in self.orders]
