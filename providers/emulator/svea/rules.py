"""What each payment type allows, and when (section 2.2). MobilePay, Leasing and ZeroSum are not documented."""

from dataclasses import dataclass

from ..records import Json

OPEN, DELIVERED, CANCELLED, EXPIRED, FAILED = "Open", "Delivered", "Cancelled", "Expired", "Failed"
PROCESSING = "Processing"
ROWS = (
    "CanDeliverOrder",
    "CanDeliverPartially",
    "CanCancelOrder",
    "CanCancelOrderRow",
    "CanAddOrderRow",
    "CanUpdateOrderRow",
)
ROW = ("CanDeliverRow", "CanCancelRow", "CanUpdateRow")
WHOLE = ("CanDeliverOrder", "CanCancelOrder", "CanCancelAmount")
OTHER_SPELLING = {"CanDeliverPartially": "CanDeliverOrderPartially", "CanCancelAmount": "CanCancelOrderAmount"}


@dataclass(frozen=True)
class Kind:
    """A payment type. `after` are the order's actions once delivered, `credit` those of a delivery.

    settles: a delivery can be credited only after the money was settled; until then the order keeps `after`.
    at_once: delivered when the buyer has paid. late: a credit by amount ends later. ends_cancelled: when all is
    credited, the order reads Cancelled. quantities: parts of rows may be credited.
    """

    open: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    credit: tuple[str, ...] = ()
    settles: bool = False
    at_once: bool = False
    late: bool = False
    ends_cancelled: bool = False
    quantities: bool = False
    delivery_status: str | None = None
    system_status: str = "Active"


BY_ROWS = ("CanCreditNewRow", "CanCreditOrderRows")
CARD = Kind(
    open=WHOLE,
    after=("CanCancelOrder", "CanCancelAmount"),
    credit=("CanCreditAmount",),
    settles=True,
    system_status="AUTHORIZED",
)
BANK = Kind(credit=("CanCreditAmount",), at_once=True, late=True, system_status="SUCCESS")
KINDS = {
    "Invoice": Kind(open=ROWS, rows=ROW, credit=BY_ROWS, quantities=True, delivery_status="Sent"),
    "AccountCredit": Kind(open=ROWS, rows=ROW, credit=BY_ROWS, ends_cancelled=True),
    "PaymentPlan": Kind(
        open=tuple(word for word in ROWS if word != "CanDeliverPartially"),
        rows=("CanCancelRow", "CanUpdateRow"),
        credit=BY_ROWS,
        ends_cancelled=True,
    ),
    "Card": CARD,
    "Vipps": CARD,
    "MobilePay": CARD,
    "Swish": Kind(credit=("CanCreditAmount",), at_once=True, system_status="SUCCESS"),
    "DirectBank": BANK,
    "Trustly": BANK,
    "Leasing": Kind(),
    "ZeroSum": Kind(at_once=True),
}
TYPE_OF = {"Trustly": "DirectBank"}  # PaymentType, where it is another word than PaymentMethodType


def order_actions(picture: Json) -> tuple[str, ...]:
    """What may be done with the order now."""
    kind = KINDS[picture["type"]]
    if picture["system_status"] == "Pending":
        return ()
    if picture["status"] == OPEN:
        return kind.open
    settled = all(one["settled"] for one in picture["deliveries"])
    return kind.after if picture["status"] == DELIVERED and not (kind.settles and settled) else ()


def row_actions(picture: Json, row: Json) -> tuple[str, ...]:
    """What may be done with a row that is not delivered."""
    return () if row["IsCancelled"] or not order_actions(picture) else KINDS[picture["type"]].rows


def delivery_actions(picture: Json, delivery: Json) -> tuple[str, ...]:
    """What may be done with a delivery."""
    kind = KINDS[picture["type"]]
    left = delivery["DeliveryAmount"] - delivery["CreditedAmount"]
    waits = delivery["waiting"] is not None or (kind.settles and not delivery["settled"])
    if left <= 0 or waits or picture["status"] == CANCELLED or picture["system_status"] == "Pending":
        return ()
    return kind.credit


def delivered_row_actions(picture: Json, delivery: Json, row: Json) -> tuple[str, ...]:
    """What may be done with a delivered row."""
    by_rows = "CanCreditOrderRows" in delivery_actions(picture, delivery)
    return ("CanCreditRow",) if by_rows and row["credited"] < row["Quantity"] else ()


def row_total(row: Json, quantity: int | None = None) -> int:
    """UnitPrice x Quantity less discounts, half away from zero; a discount in money belongs to the whole row."""
    pieces = row["Quantity"] if quantity is None else quantity
    scaled = row["UnitPrice"] * pieces * (10000 - row.get("DiscountPercent", 0))
    whole, rest = divmod(abs(scaled), 1_000_000)
    total: int = (whole + (rest >= 500_000)) * (1 if scaled >= 0 else -1)
    discount: int = row.get("DiscountAmount", 0) * pieces // row["Quantity"]
    return total - discount


def open_rows(picture: Json) -> list[Json]:
    """Rows that are neither delivered nor cancelled."""
    return [row for row in picture["rows"] if not row["IsCancelled"]]
