"""`python -m tasks.local.demo`: make the demo data once, and print the sign-ins."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence

from tasks.context import application
from tasks.local.demo import webhooks
from tasks.local.demo.control import Control
from tasks.local.demo.doing import Work, make_orders
from tasks.local.demo.methods import make_methods
from tasks.local.demo.outdoor_shop import OUTDOOR_SHOP
from tasks.local.demo.people import sign_ins
from tasks.local.demo.places import Key, act_on_statuses, key_of, make_shop
from tasks.local.demo.shapes import HERE, DemoAccount, DemoOrder, DemoShop
from tasks.local.demo.tea_shop import LIVE, TEA_SHOP
from webapp.config import load_settings
from webapp.services.jobs import making
from webapp.services.jobs import running as jobs
from webapp.services.jobs.catalogue import OF_SHOPS

CODE = TEA_SHOP.command.code
SHOPS = (TEA_SHOP, OUTDOOR_SHOP)
ASKED = "komoju"
"""The provider by whose address the emulator is found."""


def main() -> int:
    """Make what is missing; 0, or 1 with the reason."""
    settings = load_settings()
    emulator = settings.emulator_url(ASKED)
    if not settings.is_development or emulator is None:
        print("The demo data are for development with the emulator only.", file=sys.stderr)  # noqa: T201
        return 1
    with application().app_context():
        make(emulator.removesuffix(f"/{ASKED}"), settings.public_url)
    print(sign_ins())  # noqa: T201 - meant for the person at the terminal
    return 0


def make(emulator: str, public_url: str | None = None, shops: Sequence[DemoShop] = SHOPS) -> None:
    """Make what is missing; with `public_url` the emulator's messages go there from now on."""
    with Control(emulator) as control:
        for shop in shops:
            _make_shop(control, shop, public_url)


def _make_shop(control: Control, shop: DemoShop, public_url: str | None) -> None:
    shop_id, accounts = make_shop(shop)
    for account in shop.accounts:
        control.open(account)
    _make_orders(control, shop, shop_id, accounts, shop.orders)
    if shop is TEA_SHOP:
        make_methods(accounts[key_of(LIVE)], lambda methods: control.offer(LIVE, methods))
    if public_url is not None:
        _listen(control, shop, accounts, public_url)
    _run_jobs(shop_id)
    _make_orders(control, shop, shop_id, accounts, shop.after_the_runs)
    act_on_statuses(shop_id)


def _make_orders(
    control: Control,
    shop: DemoShop,
    shop_id: uuid.UUID,
    accounts: dict[Key, uuid.UUID],
    orders: Sequence[tuple[DemoAccount, Sequence[DemoOrder]]],
) -> None:
    for account, its_orders in orders:
        account_id, language = accounts[key_of(account)], shop.command.language
        make_orders([Work(control, shop_id, account_id, account, order, language) for order in its_orders])


def _run_jobs(shop_id: uuid.UUID) -> None:
    """One run of each job that moves money, so that their pages have something to show; once, however often we come."""
    for job in OF_SHOPS:
        if job.undoes is not None:
            run_id = making.run_by_operator(job.name, shop_id, uuid.uuid5(HERE, f"run:{job.name}:{shop_id}"))
            jobs.run_job(run_id)


def _listen(control: Control, shop: DemoShop, accounts: dict[Key, uuid.UUID], public_url: str) -> None:
    """Have messages sent, and let one buyer pay, so that there is one to look at."""
    ears = webhooks.ears(public_url, [accounts[key_of(account)] for account in shop.accounts])
    for account in shop.accounts:
        control.open(account, **ears[accounts[key_of(account)]])
    if shop.pays_later is not None and not control.captured_minor(*shop.pays_later):
        control.portal(*shop.pays_later, "pay")


if __name__ == "__main__":
    sys.exit(main())
