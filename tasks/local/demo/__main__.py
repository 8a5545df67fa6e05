"""`python -m tasks.local.demo`: make the demo data once, and print the sign-ins."""

from __future__ import annotations

import sys
import uuid
from typing import Any

import httpx
from sqlalchemy import insert, select

from providers.kinds import OperationKind
from tasks.context import application
from tasks.local.demo import webhooks
from tasks.local.demo.methods import LATER, make_methods
from tasks.local.demo.orders import AFTER_THE_RUNS, LIVE_ORDERS, PAYS_LATER, TEST_ORDERS, DemoOrder, Step
from tasks.local.demo.people import add_people, sign_ins
from webapp.config import load_settings
from webapp.models import Mode, OrderStatus, Payment, ProviderAccount, RefundReason, Shop, User, Via
from webapp.models.base import new_id
from webapp.services import runtime
from webapp.services.audit import Actor
from webapp.services.jobs import making
from webapp.services.jobs import running as jobs
from webapp.services.jobs.catalogue import OF_SHOPS
from webapp.services.operations import running
from webapp.services.operations.filing import Wish, file_operation
from webapp.services.orders.statuses import Setting, set_status
from webapp.services.payments.adding import Addition, add_payment
from webapp.services.payments.reading import read_payment
from webapp.services.shops import ShopCommand, add_shop
from webapp.services.unit_of_work import Tx, in_transaction
from webapp.services.vault import credential_place

CODE = "chaya"
SHOP = ShopCommand(
    code=CODE,
    name="茶屋 Sencha",
    currency="JPY",
    language="ja",
    time_zone="Asia/Tokyo",
    stop_window_s=0,
    manager_email="owner@demo.test",
    failure_emails=("owner@demo.test",),
)
SECRETS = {Mode.TEST: "sk_test_demo_tea", Mode.LIVE: "sk_live_demo_tea"}
_HERE = uuid.UUID("6f0a3f4e-9c57-4b0e-8a58-0d9a4f3f2b11")  # so that an interrupted demo goes on where it stopped


def main() -> int:
    """Make what is missing; 0, or 1 with the reason."""
    settings = load_settings()
    emulator = settings.emulator_url("komoju")
    if not settings.is_development or emulator is None:
        print("The demo data are for development with the emulator only.", file=sys.stderr)  # noqa: T201
        return 1
    with application().app_context():
        _make(emulator.removesuffix("/komoju"), settings.public_url)
    print(sign_ins())  # noqa: T201 - meant for the person at the terminal
    return 0


def _make(emulator: str, public_url: str | None = None) -> None:
    """Make what is missing; with `public_url` the emulator's messages go there from now on."""
    with httpx.Client(base_url=f"{emulator}/_emulator", timeout=30, trust_env=False) as control:
        shop_id, accounts, people = _shop()
        for mode in accounts:
            _open(control, mode)
        for mode, orders in ((Mode.TEST, TEST_ORDERS), (Mode.LIVE, LIVE_ORDERS)):
            for order in orders:
                _order(control, shop_id, accounts[mode], SECRETS[mode], order, people)
        key = SECRETS[Mode.LIVE]
        make_methods(
            accounts[Mode.LIVE],
            lambda methods: _send(control, "PUT", "komoju/methods", {"account": key, "methods": methods}),
        )
        if public_url is not None:
            _listen(control, accounts, public_url)
        _run_jobs(shop_id)
        for order in AFTER_THE_RUNS:
            _order(control, shop_id, accounts[Mode.LIVE], SECRETS[Mode.LIVE], order, people)


def _run_jobs(shop_id: uuid.UUID) -> None:
    """One run of each job that moves money, so that their pages have something to show; once, however often we come."""
    for job in OF_SHOPS:
        if job.undoes is not None:
            run_id = making.run_by_operator(job.name, shop_id, uuid.uuid5(_HERE, f"run:{job.name}:{shop_id}"))
            jobs.run_job(run_id)


def _open(control: httpx.Client, mode: Mode, **more: str) -> None:
    account = {"provider": "komoju", "mode": mode.value, "secret_key": SECRETS[mode], **more}
    _post(control, "accounts", account | ({"methods": LATER} if mode is Mode.LIVE else {}))


def _listen(control: httpx.Client, accounts: dict[Mode, uuid.UUID], public_url: str) -> None:
    """Have messages sent, and let one buyer pay, so that there is one to look at."""
    to = webhooks.addresses(public_url, accounts.values())
    for mode, account_id in accounts.items():
        _open(control, mode, webhook_url=to[account_id], webhook_secret=webhooks.SECRET)
    payment = f"komoju/payments/{_reference(PAYS_LATER)}"
    if not control.get(payment).json()["captured_minor"]:
        _post(control, f"{payment}/portal", {"action": "pay"})


def _shop() -> tuple[uuid.UUID, dict[Mode, uuid.UUID], dict[str, uuid.UUID]]:
    def work(tx: Tx) -> tuple[uuid.UUID, dict[Mode, uuid.UUID], dict[str, uuid.UUID]]:
        found = tx.scalars(select(Shop).where(Shop.code == CODE)).one_or_none()
        if found is not None:
            return found.id, _accounts(tx, found.id), _people(tx)
        now = runtime.current().clock.now(tx)
        shop_id = add_shop(tx, SHOP)
        people = add_people(tx, shop_id, now)
        for mode, key in SECRETS.items():
            _add_account(tx, shop_id, mode, key)
        return shop_id, _accounts(tx, shop_id), people

    return in_transaction(work)


def _accounts(tx: Tx, shop_id: uuid.UUID) -> dict[Mode, uuid.UUID]:
    rows = tx.execute(select(ProviderAccount.mode, ProviderAccount.id).where(ProviderAccount.shop_id == shop_id))
    return {row.mode: row.id for row in rows}


def _people(tx: Tx) -> dict[str, uuid.UUID]:
    return {email.split("@")[0]: user_id for email, user_id in tx.execute(select(User.email, User.id))}


def _add_account(tx: Tx, shop_id: uuid.UUID, mode: Mode, key: str) -> None:
    account_id = new_id()
    here = runtime.current()
    sealed = here.vault.seal(key, credential_place(account_id, "komoju", "secret_key"))
    tx.execute(
        insert(ProviderAccount).values(
            id=account_id,
            shop_id=shop_id,
            provider="komoju",
            mode=mode,
            name="KOMOJU",
            host="emulator",
            credentials={"secret_key": sealed},
            webhook_token=uuid.uuid4().hex,
            settings={},
            created_at=here.clock.now(tx),
        )
    )


def _order(
    control: httpx.Client,
    shop_id: uuid.UUID,
    account_id: uuid.UUID,
    key: str,
    order: DemoOrder,
    people: dict[str, uuid.UUID],
) -> None:
    known = select(Payment.id).where(Payment.account_id == account_id, Payment.provider_ref == _reference(order))
    if in_transaction(lambda tx: tx.scalar(known)) is not None:
        return
    _make_payment(control, key, order)
    merchant = Actor(people["merchant"], Via.WEB)
    addition = Addition(
        actor=merchant,
        shop_id=shop_id,
        account_id=account_id,
        provider_ref=_reference(order),
        buyer_name=order.buyer,
        language="ja",
    )
    add_payment(addition)
    payment_id = in_transaction(lambda tx: tx.execute(known).scalar_one())
    support = Actor(people["support"], Via.WEB)
    for number, step in enumerate(order.steps):
        _step(control, shop_id, payment_id, order, step, number, merchant if step.what == "cancel" else support)


def _reference(order: DemoOrder) -> str:
    """25 lower-case letters and digits, the same at every start (KOMOJU page, section 1)."""
    return f"demo{order.number.lower().replace('-', '')}".ljust(25, "0")


def _make_payment(control: httpx.Client, key: str, order: DemoOrder) -> None:
    reference = _reference(order)
    if control.get(f"komoju/payments/{reference}").is_success:
        return
    body = {
        "id": reference,
        "account": key,
        "method": order.method,
        "amount_minor": order.amount_minor - order.fields.get("tax", 0),
        "currency": order.currency,
        "order_number": order.number,
        **order.fields,
    }
    _post(control, "komoju/payments", body)


def _step(
    control: httpx.Client,
    shop_id: uuid.UUID,
    payment_id: uuid.UUID,
    order: DemoOrder,
    step: Step,
    number: int,
    actor: Actor,
) -> None:
    where, _colon, what = step.what.partition(":")
    if where == "status":
        _set_status(shop_id, payment_id, what, actor)
        return
    if where in ("portal", "unseen"):
        body: dict[str, Any] = {"action": what}
        if step.amount_minor is not None:
            body["amount_minor"] = step.amount_minor
        _post(control, f"komoju/payments/{_reference(order)}/portal", body)
        if where == "portal":
            read_payment(payment_id)
        return
    if step.fault is not None:
        _post(control, "faults", dict(step.fault))
    reason = select(RefundReason.id).where(RefundReason.shop_id == shop_id, RefundReason.code == step.reason)
    operation_id = file_operation(
        Wish(
            actor=actor,
            shop_id=shop_id,
            payment_id=payment_id,
            kind=OperationKind(step.what),
            request_id=uuid.uuid5(_HERE, f"{order.number}:{number}"),
            amount_minor=step.amount_minor,
            reason_id=in_transaction(lambda tx: tx.execute(reason).scalar_one()),
            comment=step.comment,
            bank_details=step.bank,
        )
    )
    running.run_operation(operation_id)


def _set_status(shop_id: uuid.UUID, payment_id: uuid.UUID, code: str, actor: Actor) -> None:
    def find(tx: Tx) -> tuple[uuid.UUID, uuid.UUID]:
        status = select(OrderStatus.id).where(OrderStatus.shop_id == shop_id, OrderStatus.code == code)
        return tx.get_one(Payment, payment_id).order_id, tx.execute(status).scalar_one()

    order_id, status_id = in_transaction(find)
    set_status(Setting(actor=actor, shop_ids=[shop_id], order_id=order_id, status_id=status_id))


def _post(control: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    return _send(control, "POST", path, body)


def _send(control: httpx.Client, method: str, path: str, body: dict[str, Any]) -> Any:
    answer = control.request(method, path, json=body)
    if not answer.is_success:
        raise RuntimeError(f"The emulator refused {path}: {answer.text}")
    return answer.json()


if __name__ == "__main__":
    sys.exit(main())
