"""How payments move: `Ledger` is the part that `providers/sandbox` and the simulation use directly.

Given the same clock and random source it behaves the same way twice. Amounts are integers in the currency's
smallest unit. Every move raises `Refused` when it is not allowed, and then nothing has changed.
"""

from dataclasses import replace
from typing import Any

from .book import Book
from .records import (
    AUTHORISED,
    CANCELLED,
    CAPTURED,
    EXPIRED,
    FAILED,
    PENDING,
    REFUNDED,
    Cause,
    Effect,
    Json,
    Payment,
    Refund,
    RefundRequest,
    Refused,
)
from .watch import sums_over

SUM_OF = {
    "authorise": "authorised_minor",
    "raise": "authorised_minor",
    "capture": "captured_minor",
    "cancel": "cancelled_minor",
    "lower": "cancelled_minor",
    "expire": "cancelled_minor",
    "refund": "refunded_minor",
}
"""Which sum of the payment an effect's amount is added to; `raise` and `lower` change what is authorised."""


class Ledger(Book):
    """Accounts, payments and effects of all providers, and the moves that are allowed."""

    def add_payment(self, payment: Payment) -> Payment:
        """Add a payment as `pending`; `Refused("already_there")` when its reference is taken."""
        reference = payment.reference or self.new_ref()
        if reference in self.payments:
            raise Refused("already_there", "A payment with this reference exists.", "id")
        if payment.total_minor <= 0 or min(payment.amount_minor, payment.tax_minor, payment.fee_minor) < 0:
            raise Refused("bad_amount", "The amount has to be above zero.", "amount_minor")
        payment = replace(payment, reference=reference, status=PENDING)
        self.keep(payment)
        return payment

    def authorise(self, reference: str, cause: Cause) -> Effect:
        """Reserve the total, or hand out the number under which the buyer will pay."""
        payment = self._in_state(reference, "not_authorisable", PENDING)
        after = replace(payment, status=AUTHORISED, authorised_minor=payment.total_minor)
        return self.move(after, "authorise", payment.total_minor, cause)

    def pay(self, reference: str, cause: Cause) -> Effect:
        """The buyer pays, or the provider collects at once: everything is captured."""
        payment = self._in_state(reference, "not_payable", PENDING, AUTHORISED)
        if payment.status == PENDING:
            payment = replace(payment, authorised_minor=payment.total_minor)
        return self._capture(payment, payment.total_minor, payment.tax_minor, cause)

    def capture(
        self, reference: str, cause: Cause, amount_minor: int | None = None, tax_minor: int | None = None
    ) -> Effect:
        """Take what is reserved: everything, or `amount_minor` (with tax and fee) and release the rest."""
        payment = self._in_state(reference, "not_capturable", AUTHORISED)
        if payment.awaits_buyer or not payment.manual_capture:
            raise Refused("not_capturable", "This payment cannot be captured.")
        wanted = payment.authorised_minor if amount_minor is None else amount_minor
        if wanted <= 0 or (wanted > payment.authorised_minor and self._capped(payment)):
            raise Refused("bad_amount", "The amount is not within what was authorised.", "amount")
        return self._capture(payment, wanted, payment.tax_minor if tax_minor is None else tax_minor, cause)

    def cancel(self, reference: str, cause: Cause) -> Effect:
        """Release what is reserved."""
        payment = self._in_state(reference, "not_cancellable", PENDING, AUTHORISED)
        released = payment.authorised_minor - payment.captured_minor
        after = replace(payment, status=CANCELLED, cancelled_minor=payment.cancelled_minor + released)
        return self.move(after, "cancel", released or payment.total_minor, cause)

    def expire(self, reference: str, cause: Cause) -> Effect:
        """The deadline passes: what was reserved is free again."""
        payment = self._in_state(reference, "not_expirable", PENDING, AUTHORISED)
        after = replace(payment, status=EXPIRED, cancelled_minor=payment.authorised_minor)
        return self.move(after, "expire", payment.authorised_minor, cause)

    def fail(self, reference: str, cause: Cause) -> Effect:
        """The attempt to pay is refused."""
        payment = self._in_state(reference, "not_pending", PENDING)
        return self.move(replace(payment, status=FAILED), "fail", 0, cause)

    def refund(self, reference: str, cause: Cause, amount_minor: int | None = None) -> Effect:
        """Give back `amount_minor` (tax included), or all that is left without the buyer's fee."""
        payment = self._in_state(reference, "not_refundable", CAPTURED, *self._uncapped(reference))
        if payment.refund_by_request and cause.source == "api":
            raise Refused("not_refundable", "This method cannot be refunded automatically.")
        wanted = payment.refundable_minor if amount_minor is None else amount_minor
        self._check_refund(payment, wanted, payment.refundable_minor)
        return self._give_back(payment, wanted, cause)

    def dispute(self, reference: str, cause: Cause, amount_minor: int | None = None) -> Effect:
        """The buyer's bank takes money back: a chargeback, which nobody here asked for and no sum limits."""
        payment = self._in_state(reference, "not_disputable", CAPTURED, REFUNDED)
        left = payment.captured_minor - payment.refunded_minor
        wanted = amount_minor or (left if left > 0 else payment.captured_minor)
        return self._give_back(payment, wanted, cause, chargeback=True)

    def settle(self, reference: str, cause: Cause) -> Effect:
        """The provider pays the shop."""
        payment = self._in_state(reference, "not_settleable", CAPTURED, REFUNDED)
        return self.move(
            replace(payment, settled=True), "settle", payment.captured_minor - payment.refunded_minor, cause
        )

    def update(self, reference: str, cause: Cause, **fields: Any) -> Effect:
        """Change what carries no money: `description`, `metadata`."""
        return self.move(replace(self.get(reference), **fields), "update", 0, cause)

    def request_refund(
        self, reference: str, cause: Cause, amount_minor: int, bank: Json, with_fee: bool = False
    ) -> Effect:
        """Ask for a bank transfer; people at the provider finish or reject it later."""
        payment = self._in_state(reference, "not_refundable", CAPTURED)
        if not payment.refund_by_request:
            raise Refused("not_refundable", "This method is refunded automatically.")
        self._check_refund(payment, amount_minor, payment.refundable_minor)
        amount_minor += payment.fee_minor if with_fee else 0
        wish = RefundRequest(self.new_ref(), amount_minor, cause.description, self.clock.now(), bank)
        after = replace(payment, refund_requests=(*payment.refund_requests, wish))
        return self.move(after, "refund_request", amount_minor, cause)

    def finish_request(self, reference: str, cause: Cause, request_id: str | None = None) -> Effect:
        """Complete the named, or the oldest waiting, refund request: the money goes back now."""
        payment, wish = self._waiting_request(reference, request_id)
        payment = replace(payment, refund_requests=_with_status(payment, wish, "completed"))
        return self._give_back(payment, wish.amount_minor, replace(cause, description=wish.description))

    def reject_request(self, reference: str, cause: Cause, request_id: str | None = None) -> Effect:
        """Reject the named, or the oldest waiting, refund request: nothing goes back."""
        payment, wish = self._waiting_request(reference, request_id)
        after = replace(payment, refund_requests=_with_status(payment, wish, "rejected"))
        return self.move(after, "refund_request_rejected", wish.amount_minor, cause)

    def post(self, reference: str, kind: str, amount_minor: int, cause: Cause, **after: Any) -> Effect:
        """Book what a part's own rules have decided: `after` are the payment's fields, `picture` and `status` too.

        The sum that belongs to `kind` grows by `amount_minor`; a kind that `SUM_OF` does not know moves none.
        Raises Refused("over") where the sums would break I1, unless the account's switch `cap` is off.
        """
        if amount_minor < 0:
            raise Refused("bad_amount", "An amount cannot be below zero.", "amount_minor")
        payment = self.get(reference)
        name = SUM_OF.get(kind)
        sums = {} if name is None else {name: getattr(payment, name) + amount_minor}
        changed = replace(payment, **sums, **after)
        if (reason := sums_over(changed)) is not None and self._capped(payment):
            raise Refused("over", f"Not possible: {reason}.")
        return self.move(changed, kind, amount_minor, cause)

    def _capture(self, payment: Payment, wanted: int, tax_minor: int, cause: Cause) -> Effect:
        rest = max(payment.authorised_minor - wanted, 0)
        after = replace(
            payment,
            status=CAPTURED,
            captured_at=self.clock.now(),
            captured_minor=wanted,
            captured_tax_minor=tax_minor,
            cancelled_minor=payment.cancelled_minor + rest,
            released_minor=rest,
            release_ref=self.new_ref() if rest else None,
        )
        return self.move(after, "capture", wanted, cause)

    def _give_back(self, payment: Payment, wanted: int, cause: Cause, chargeback: bool = False) -> Effect:
        entry = Refund(self.new_ref(), wanted, cause.description, self.clock.now(), chargeback)
        refunded = payment.refunded_minor + wanted
        after = replace(
            payment,
            refunded_minor=refunded,
            charged_back_minor=payment.charged_back_minor + (wanted if chargeback else 0),
            refunds=(*payment.refunds, entry),
            status=REFUNDED if refunded >= payment.captured_minor - payment.fee_minor else payment.status,
        )
        return self.move(after, "dispute" if chargeback else "refund", wanted, cause)

    def _check_refund(self, payment: Payment, wanted: int, left: int) -> None:
        if left <= 0 and self._capped(payment):
            raise Refused("not_refundable", "This payment cannot be refunded.")
        if wanted <= 0 or (wanted > left and self._capped(payment)):
            raise Refused("bad_amount", "The amount is not within what can be refunded.", "amount")

    def _capped(self, payment: Payment) -> bool:
        """Whether the provider refuses sums over; the switch `cap` off leaves that to our own rules."""
        return bool(self.accounts[payment.account].switches.get("cap", True))

    def _uncapped(self, reference: str) -> tuple[str, ...]:
        return () if self._capped(self.get(reference)) else (REFUNDED,)

    def _in_state(self, reference: str, code: str, *states: str) -> Payment:
        payment = self.get(reference)
        if payment.status not in states:
            raise Refused(code, f"Not possible while the payment is {payment.status}.")
        return payment

    def _waiting_request(self, reference: str, request_id: str | None) -> tuple[Payment, RefundRequest]:
        payment = self.get(reference)
        for wish in payment.refund_requests:
            if wish.status == "pending" and request_id in (None, wish.id):
                return payment, wish
        raise Refused("not_found", "There is no such waiting refund request.")


def _with_status(payment: Payment, wish: RefundRequest, status: str) -> tuple[RefundRequest, ...]:
    return tuple(replace(one, status=status) if one is wish else one for one in payment.refund_requests)
