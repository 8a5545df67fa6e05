"""Order lines as the port carries them: what a capture, a refund or a change of the amount is about."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class LineKind(StrEnum):
    """What a line stands for."""

    GOODS = "goods"
    DIGITAL = "digital"
    SHIPPING = "shipping"
    FEE = "fee"
    DISCOUNT = "discount"  # its amounts are negative
    GIFT_CARD = "gift_card"  # its amounts are negative


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line; amounts are minor units with tax, of the payment's currency.

    `total_minor` is quantity x unit price - discount, as the shop rounded it. `tax_rate_bp` is the VAT rate in
    hundredths of a percent (25 % = 2500), `tax_minor` the VAT within `total_minor`. `provider_line_ref` is the
    provider's id of the line where it has one (Svea: OrderRowId).
    """

    name: str
    quantity: Decimal
    unit_price_minor: int
    total_minor: int
    tax_rate_bp: int
    tax_minor: int
    discount_minor: int = 0
    reference: str = ""  # the shop's article number
    kind: LineKind = LineKind.GOODS
    unit: str = ""
    provider_line_ref: str | None = None
