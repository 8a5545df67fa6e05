"""Another amount for a payment: what its form must know, and what brings it to its order's present total."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import select

from providers.kinds import NotOffered, OperationKind
from providers.lines import OrderLine
from providers.planning import WishKind
from webapp.domain.order_lines import sum_of
from webapp.domain.payment_state import PaymentState, Sums, payment_state
from webapp.domain.status_actions import SEVERAL_PAYMENTS
from webapp.domain.wishes import level_of
from webapp.models import Mode, Order, Payment, ProviderAccount
from webapp.services import runtime
from webapp.services.errors import NotAvailable, RuleBroken
from webapp.services.operations import kept_lines
from webapp.services.operations.filing import facts_of
from webapp.services.operations.wishes import WishFacts, get_facts
from webapp.services.unit_of_work import Tx


@dataclass(frozen=True, slots=True)
class AmountFacts(WishFacts):
    """A payment whose amount may change; sums in minor units of its currency.

    `order_lines` are those that the shop brought in, `provider_lines` those of the last read; either may be none.
    """

    order_lines: Sequence[OrderLine]
    provider_lines: Sequence[OrderLine]

    @property
    def available_minor(self) -> int:
        """The present amount: what is authorised and not released, captured or not."""
        return level_of(facts_of(self.payment))

    @property
    def least_minor(self) -> int:
        """What is captured or promised to operations under way; the amount cannot be less."""
        return self.available_minor - self.sums.can_be_captured_or_released

    @property
    def promised_minor(self) -> int:
        """What operations under way hold of what is not captured yet."""
        return self.sums.capture_reserved + self.sums.cancel_reserved

    @property
    def is_open(self) -> bool:
        """Whether the form may be filled in at all."""
        return self.availability.possible and not (self.is_frozen or self.is_unknown)

    @property
    def takes_lines(self) -> bool:
        """Whether the provider is told the order lines: where it needs them, and where an amount goes up by them."""
        return self.availability.needs_lines or self.availability.can_raise

    @property
    def first_lines(self) -> Sequence[OrderLine]:
        """The lines to begin with: the order's own, else those that the provider has."""
        return self.order_lines or self.provider_lines

    def state_after(self, amount_minor: int) -> PaymentState:
        """The payment's state once it has this amount."""
        change, sums = amount_minor - self.available_minor, self.sums
        later = Sums(
            authorised=sums.authorised + max(change, 0),
            cancelled=sums.cancelled - min(change, 0),
            captured=sums.captured,
            refunded=sums.refunded,
        )
        return payment_state(later, self.payment.provider_state)


def get_amount_facts(tx: Tx, payment_id: uuid.UUID, shops: Collection[uuid.UUID], mode: Mode) -> AmountFacts:
    """The facts for the form. NotFound when the payment is not in those shops or not of that mode."""
    facts = get_facts(tx, payment_id, shops, mode, WishKind.UPDATE)
    known = {each.name: getattr(facts, each.name) for each in fields(WishFacts)}
    return AmountFacts(
        **known,
        order_lines=kept_lines.load(facts.order.lines),
        provider_lines=kept_lines.load(facts.payment.lines),
    )


def lines_of_order(tx: Tx, order: Order, payment: Payment) -> Sequence[OrderLine]:
    """The order's own lines, for a payment whose provider takes lines and whose amount is not the order's total yet.

    None where the order has none: then only the amount is told. Raises NotAvailable `lines_do_not_sum`.
    """
    account, facts = tx.get_one(ProviderAccount, payment.account_id), facts_of(payment)
    capabilities = runtime.current().providers.capabilities(account.provider)
    available = capabilities.availability(OperationKind.UPDATE, facts, account.settings)
    are_taken = available.possible and (available.needs_lines or available.can_raise)
    lines = kept_lines.load(order.lines) if are_taken and order.total_minor != level_of(facts) else ()
    if lines and sum_of(lines) != order.total_minor:
        raise NotAvailable(NotOffered.LINES_DO_NOT_SUM)
    return lines


def check_alone(tx: Tx, payment: Payment) -> None:
    """An order's total is this payment's only where no other one holds money. RuleBroken `several_payments`."""
    with_us = Payment.authorised_minor - Payment.cancelled_minor - Payment.refunded_minor
    others = Payment.order_id == payment.order_id, Payment.id != payment.id, with_us > 0
    if tx.scalar(select(Payment.id).where(*others).limit(1)) is not None:
        raise RuleBroken(SEVERAL_PAYMENTS)
