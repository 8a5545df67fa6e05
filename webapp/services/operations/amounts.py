"""Another amount for a payment: what its form must know, and the wish that brings it to its order's present total."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace

from sqlalchemy import func, select

from providers.kinds import NotOffered, OperationKind
from providers.lines import OrderLine
from providers.planning import WishKind
from webapp.domain.order_lines import sum_of
from webapp.domain.payment_state import PaymentState, Sums, payment_state
from webapp.domain.wishes import level_of
from webapp.models import Mode, Order, Payment, ProviderAccount
from webapp.services import runtime
from webapp.services.errors import NotAvailable, RuleBroken
from webapp.services.operations import kept_lines
from webapp.services.operations.asking import Asking
from webapp.services.operations.filing import facts_of, locked
from webapp.services.operations.planning import Filed, PlannedWish, file_wish_within
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


def file_update_to_order(tx: Tx, asking: Asking) -> Filed:
    """File the change that brings a payment's amount and lines to its order's, in the caller's transaction.

    `asking.amount_minor` and `asking.lines` are not looked at. A payment that has the order's total already makes no
    operation: `Filed.why_not` says so, and lines alone are never changed (an operation moves more than nothing).
    Raises NotFound, NotAvailable (`lines_needed` where the provider needs lines and the order has none of its own,
    `lines_do_not_sum` where they are of another total, or what the provider does not allow), RuleBroken
    `several_payments` where other payments of the order hold money too, and what `planning.file_wish` raises.
    """
    payment, _account, _shop = locked(tx, asking)
    order = tx.get_one(Order, payment.order_id)
    if _others_hold(tx, payment):
        raise RuleBroken("several_payments")
    values = {each.name: getattr(asking, each.name) for each in fields(Asking)}
    wish = PlannedWish(**values, kind=WishKind.UPDATE)
    lines = lines_of_order(tx, order, payment)
    return file_wish_within(tx, replace(wish, amount_minor=order.total_minor, lines=lines))


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


def _others_hold(tx: Tx, payment: Payment) -> bool:
    held = func.coalesce(func.sum(Payment.authorised_minor - Payment.cancelled_minor), 0)
    others = Payment.order_id == payment.order_id, Payment.id != payment.id
    return bool(tx.execute(select(held).where(*others)).scalar_one())
