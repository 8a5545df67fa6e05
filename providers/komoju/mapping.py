"""From KOMOJU's payment object to the port's snapshot; pure, no network.

Ids of movements (I9). KOMOJU gives ids to refunds only; the others are derived, and the same state always
gives the same id:

- refund: KOMOJU's refund id; `reference` is the first word of its description (our operation id, if ours)
- authorise: `<payment>:authorise:<amount>`
- capture: `<payment>:capture:<total captured after it>`
- cancel (cancelled, expired, released rest of a part capture): `<payment>:cancel:<total cancelled after it>`

Sums (section 5). All are what can be refunded: `total - payment_method_fee`, in every state, so that a
payment keeps its authorised sum when the buyer pays. The fee, the tax and the wire's own figures stand in
`kept`. If refunds give back more than that sum, the surplus up to the fee is the fee given back: it is left
out of the movement that crosses the sum and stands in `kept["fee_refunded"]`.

A buyer who still has to pay (pending; authorized konbini, bank transfer, Pay-easy): WAITING, authorised is
the asked sum, so that a cancel releases it. A failed payment has no sums and no movements.

Part capture. The wire shows no "partially captured" and its figures are unconfirmed (section 16 A):
- total shows the captured figure: captured is that figure. Authorised is the earlier authorised sum where the
  caller gives it (`authorised_minor`), the difference being cancelled; else it equals captured.
- total keeps the authorised figure: captured reads as all of it. Nothing on the wire tells the difference,
  so a capture whose answer shows another figure than was asked is left in doubt, for a person to decide.
An unknown `captures` array is tolerated and not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from providers.kinds import MovementKind, OperationKind, ProviderState, RequestState
from providers.money import Money, MoneyError
from providers.reading import Unreadable, an_array, an_object, moment, optional_text, text, whole_number
from providers.snapshots import MethodOffer, Movement, PaymentSnapshot, PendingEffect

BUYER_PAYS_LATER = frozenset({"konbini", "bank_transfer", "pay_easy"})
"""Methods whose `authorized` means a payment number was issued (section 4), and whose refund is section 6."""

STATES = {
    "pending": ProviderState.WAITING,
    "authorized": ProviderState.AUTHORISED,
    "captured": ProviderState.CAPTURED,
    "refunded": ProviderState.REFUNDED,
    "cancelled": ProviderState.CANCELLED,
    "expired": ProviderState.EXPIRED,
    "failed": ProviderState.FAILED,
}
PAID = (ProviderState.CAPTURED, ProviderState.REFUNDED)
RELEASED = (ProviderState.CANCELLED, ProviderState.EXPIRED)


def snapshot(payment: Any, authorised_minor: int | None = None) -> PaymentSnapshot:
    """The payment (section 3) in the port's words.

    `authorised_minor` is the authorised sum seen earlier, where known. Raises Unreadable.
    """
    payment = an_object(payment, "payment")
    details = an_object(payment.get("payment_details") or {}, "payment_details")
    method = optional_text(details, "type") or ""
    state = _state(payment, method)
    asked = whole_number(payment, "total") - whole_number(payment, "payment_method_fee")
    sums = _sums(state, asked, authorised_minor)
    refunds, fee_refunded = _refunds(payment, sums["captured"])
    zero = _money(0, payment)
    return PaymentSnapshot(
        provider_ref=text(payment, "id"),
        state=state,
        method=method,
        authorised=_money(sums["authorised"], payment),
        captured=_money(sums["captured"], payment),
        cancelled=_money(sums["cancelled"], payment),
        refunded=sum((refund.money for refund in refunds), zero),
        movements=[*_derived(payment, sums), *refunds],
        pending=[_pending(entry) for entry in an_array(payment.get("refund_requests"), "refund_requests")],
        order_number=optional_text(payment, "external_order_num"),
        buyer_email=optional_text(details, "email"),
        created_at=moment(payment, "created_at"),
        hold_expires_at=moment(payment, "payment_deadline"),
        asked=_money(asked, payment),
        kept=_kept(payment, method, fee_refunded),
    )


def first_word(description: str | None) -> str | None:
    """The reference that a description begins with, None where there is none."""
    return next(iter((description or "").split()), None)


def methods(answer: Any) -> list[MethodOffer]:
    """The account's payment methods (section 9), one per slug and currency. Raises Unreadable."""
    if not isinstance(answer, list):
        raise Unreadable("payment methods are not an array")
    offers: dict[tuple[str, str], MethodOffer] = {}
    for entry in answer:
        row = an_object(entry, "payment method")
        offer = MethodOffer(
            slug=text(row, "type_slug"),
            currency=text(row, "currency"),
            names={locale: optional_text(row, f"name_{locale}") or "" for locale in ("en", "ja", "ko")},
            subtypes=_texts(row, "subtypes"),
            can_be_kept=_texts(row, "secure_token_supported"),
        )
        offers.setdefault((offer.slug, offer.currency), offer)
    return list(offers.values())


def _texts(of: Mapping[str, Any], name: str) -> list[str]:
    return [str(each) for each in an_array(of.get(name), name)]


def _state(payment: Mapping[str, Any], method: str) -> ProviderState:
    status = text(payment, "status")
    if status == "authorized" and method in BUYER_PAYS_LATER:
        return ProviderState.WAITING
    if status not in STATES:
        raise Unreadable("status is not a known one")
    return STATES[status]


def _sums(state: ProviderState, asked: int, earlier: int | None) -> dict[str, int]:
    """Authorised, captured and cancelled, in minor units."""
    if state is ProviderState.FAILED:
        return {"authorised": 0, "captured": 0, "cancelled": 0}
    if state in PAID:
        authorised = max(asked, earlier or 0)
        return {"authorised": authorised, "captured": asked, "cancelled": authorised - asked}
    return {"authorised": asked, "captured": 0, "cancelled": asked if state in RELEASED else 0}


def _derived(payment: Mapping[str, Any], sums: Mapping[str, int]) -> list[Movement]:
    """The movements that KOMOJU gives no id to, those of nothing left out."""
    kinds = {
        "authorised": (MovementKind.AUTHORISE, moment(payment, "created_at")),
        "captured": (MovementKind.CAPTURE, moment(payment, "captured_at")),
        "cancelled": (MovementKind.CANCEL, None),
    }
    return [
        Movement(
            kind=kind,
            id=f"{text(payment, 'id')}:{kind.value}:{sums[name]}",
            money=_money(sums[name], payment),
            occurred_at=occurred_at,
        )
        for name, (kind, occurred_at) in kinds.items()
        if sums[name]
    ]


def _refunds(payment: Mapping[str, Any], captured: int) -> tuple[Sequence[Movement], int]:
    """Refund movements, and how much of the buyer's fee was given back.

    Raises Unreadable when `amount_refunded` says that more went back than the entries show: believing the
    entries would let the difference be refunded again. Less is tolerated (chargebacks may not count in it).
    """
    entries = [an_object(entry, "refund") for entry in an_array(payment.get("refunds"), "refunds")]
    never = datetime.min.replace(tzinfo=UTC)
    entries.sort(key=lambda entry: (moment(entry, "created_at") or never, text(entry, "id")))
    if whole_number(payment, "amount_refunded") > sum(whole_number(entry, "amount") for entry in entries):
        raise Unreadable("amount_refunded is more than the refunds")
    movements, before, fee_left = [], 0, whole_number(payment, "payment_method_fee")
    for entry in entries:
        amount = whole_number(entry, "amount")
        of_fee = min(max(before + amount - captured, 0), amount, fee_left)
        fee_left -= of_fee
        before += amount - of_fee
        if text(entry, "currency") != text(payment, "currency"):
            raise Unreadable("a refund is in another currency")
        if amount > of_fee:
            movements.append(_refund(entry, amount - of_fee))
    return movements, whole_number(payment, "payment_method_fee") - fee_left


def _refund(entry: Mapping[str, Any], minor: int) -> Movement:
    return Movement(
        kind=MovementKind.REFUND,
        id=text(entry, "id"),
        money=_money(minor, entry),
        reference=first_word(optional_text(entry, "description")),
        occurred_at=moment(entry, "created_at"),
        chargeback=entry.get("chargeback") is True,
    )


def _pending(entry: Any) -> PendingEffect:
    """A refund request (section 6). Its entry carries no amount."""
    entry = an_object(entry, "refund request")
    status = text(entry, "status")
    if status not in tuple(RequestState):
        raise Unreadable("refund request status is not a known one")
    return PendingEffect(
        kind=OperationKind.REFUND,
        id=text(entry, "id"),
        state=RequestState(status),
        reference=first_word(optional_text(entry, "description")),
    )


def _kept(payment: Mapping[str, Any], method: str, fee_refunded: int) -> dict[str, Any]:
    return {
        "type": method,
        "tax": whole_number(payment, "tax"),
        "payment_method_fee": whole_number(payment, "payment_method_fee"),
        "fee_refunded": fee_refunded,
        "total": whole_number(payment, "total"),
        "amount_refunded": whole_number(payment, "amount_refunded"),
        "session": optional_text(payment, "session"),
    }


def _money(minor: int, of: Mapping[str, Any]) -> Money:
    try:
        return Money(minor, text(of, "currency"))
    except MoneyError:
        pass  # said again without the value, which a log may show
    raise Unreadable("amount or currency is out of bounds")
