"""What a measurement works on: a shop with its account, payments at the emulator, refunds to be sent."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from benchmarks.setting import SECRET_KEY, Setting
from providers.kinds import OperationKind
from tests import factories
from webapp.models import Payment, Via
from webapp.services.audit import Actor
from webapp.services.operations.filing import Wish, file_operation
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.unit_of_work import in_transaction


def shop_with_account() -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """Ids of a shop, its account and a merchant."""
    shop = factories.shop()
    account = factories.account(shop.id, SECRET_KEY)
    return shop.id, account.id, factories.user(shop.id).id


def payments(made: Setting, count: int, shop_id: uuid.UUID, account_id: uuid.UUID) -> list[uuid.UUID]:
    """`count` captured payments, taken in the way the desk takes them."""
    system = Actor(None, Via.SYSTEM)

    def one(number: int) -> None:
        body = {
            "account": SECRET_KEY,
            "method": "credit_card",
            "amount_minor": 3300,
            "currency": "JPY",
            "order_number": f"B-{number}",
        }
        reference = str(made.control("POST", "komoju/payments", body)["provider_ref"])
        add_payment(Addition(actor=system, shop_id=shop_id, account_id=account_id, provider_ref=reference))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(count)))
    return in_transaction(lambda tx: list(tx.scalars(select(Payment.id))))


def refund(shop_id: uuid.UUID, payment_id: uuid.UUID, user_id: uuid.UUID, reason_id: uuid.UUID) -> uuid.UUID:
    """File one refund of 1,100 yen."""
    return file_operation(
        Wish(
            actor=Actor(user_id, Via.WEB),
            shop_id=shop_id,
            payment_id=payment_id,
            kind=OperationKind.REFUND,
            request_id=uuid.uuid4(),
            amount_minor=1100,
            reason_id=reason_id,
        )
    )
