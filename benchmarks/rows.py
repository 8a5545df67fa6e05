"""What a measurement works on: a shop with its account, payments at the emulator, refunds to be sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from benchmarks.setting import SECRET_KEY, Setting
from providers.planning import WishKind
from tests import factories
from webapp.models import Payment, Via
from webapp.services.audit import Actor
from webapp.services.operations.planning import PlannedWish, file_wish
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import in_transaction


def shop_with_account() -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """Ids of a shop, its account and a merchant."""
    shop = factories.shop()
    account = factories.account(shop.id, SECRET_KEY)
    return shop.id, account.id, factories.user(shop.id).id


def payments(
    made: Setting, count: int, shop_id: uuid.UUID, account_id: uuid.UUID, numbers: Sequence[str] = ()
) -> list[uuid.UUID]:
    """`count` captured payments, taken in the way the desk takes them; `numbers`: those of their orders."""
    system = Actor(None, Via.SYSTEM)

    def one(number: str) -> str:
        body = {
            "account": SECRET_KEY,
            "method": "credit_card",
            "amount_minor": 3300,
            "currency": "JPY",
            "order_number": number,
        }
        reference = str(made.control("POST", "komoju/payments", body)["provider_ref"])
        add_payment(Addition(actor=system, shop_id=shop_id, account_id=account_id, provider_ref=reference))
        return reference

    with ThreadPoolExecutor(2) as pool:
        references = list(pool.map(one, numbers or [f"B-{number}" for number in range(count)]))
    query = select(Payment.id).where(Payment.account_id == account_id, Payment.provider_ref.in_(references))
    return in_transaction(lambda tx: list(tx.scalars(query)))


def refund(shop_id: uuid.UUID, payment_id: uuid.UUID, user_id: uuid.UUID, reason_id: uuid.UUID) -> uuid.UUID:
    """File one refund of 1,100 yen."""
    wish = PlannedWish(
        actor=Actor(user_id, Via.WEB),
        shop_id=shop_id,
        payment_id=payment_id,
        kind=WishKind.REFUND,
        request_id=uuid.uuid4(),
        amount_minor=1100,
        reason_id=reason_id,
    )
    [operation_id] = file_wish(wish).operation_ids
    return operation_id
