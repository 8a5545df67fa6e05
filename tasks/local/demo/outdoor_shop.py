"""The outdoor shop (SEK, Klarna and Svea): what its buyers did, and what the people at the desk did with it since."""

from __future__ import annotations

from tasks.local.demo.shapes import DemoAccount, DemoOrder, DemoShop, Goods, Step, fixed
from webapp.models import Mode
from webapp.services.shops import ShopCommand

TENT = Goods("Tält Fjäll 2", "TENT-2", 349900)
STOVE = Goods("Stormkök", "STOVE-1", 79900)
BAG = Goods("Sovsäck -5", "BAG-5", 189900)
FOOD = Goods("Frystorkad gryta", "FOOD-7", 11200, pieces=4, vat_bp=1200)
MAP = Goods("Fjällkarta Z6", "MAP-Z6", 15900, vat_bp=600)
POST = Goods("Frakt", "FREIGHT", 4900)
SMALL, LARGE = (STOVE, FOOD, POST), (TENT, BAG, MAP, POST)

CANCELLED = Step("status:cancelled")
WRONG_AMOUNT = fixed(kind="wrong_amount", call="refund", times=1, amount_minor=7, provider="klarna")


def _klarna(number: int, buyer: str, *steps: Step, goods: tuple[Goods, ...] = SMALL, **fields: object) -> DemoOrder:
    method = str(fields.pop("method", "INVOICE"))
    return DemoOrder(
        f"OUT-{number}", buyer, method=method, currency="SEK", fields=fixed(**fields), steps=steps, goods=goods
    )


def _svea(
    number: int,
    buyer: str,
    *steps: Step,
    method: str = "Invoice",
    goods: tuple[Goods, ...] = SMALL,
    **fields: object,
) -> DemoOrder:
    return DemoOrder(
        f"OUT-{number}", buyer, method=method, currency="SEK", fields=fixed(**fields), steps=steps, goods=goods
    )


KLARNA_ORDERS = (
    _klarna(3001, "Astrid Lindqvist"),
    _klarna(3002, "Björn Ek", Step("capture"), goods=LARGE),
    _klarna(3003, "Cecilia Norén", Step("part:capture", goods=(0,)), goods=LARGE),
    _klarna(3004, "David Åkesson", Step("capture"), Step("refund", 79900, comment="Brännaren läcker")),
    _klarna(3005, "Elin Sjöberg", Step("capture"), Step("refund", reason="not_delivered")),
    _klarna(3006, "Fredrik Holm", Step("cancel")),
    _klarna(3007, "Gunilla Berg", state="expired"),
    _klarna(3008, "Hassan Ali", state="pending_fraud"),
    _klarna(3009, "Ingrid Wall", Step("part:capture", goods=(0,)), Step("cancel_or_refund"), goods=LARGE),
    _klarna(3010, "Johan Dahl", Step("part:update", goods=(0, 2))),
    _klarna(3011, "Karin Öberg", Step("unseen:method_fails"), Step("capture")),
    _klarna(3012, "Lars Nyström", Step("unseen:capture"), goods=LARGE),
    _klarna(3013, "Maja Fors", CANCELLED),
    _klarna(3014, "Nils Palm", Step("capture"), CANCELLED),
    _klarna(3015, "Olga Petrova", Step("capture"), Step("refund", 11200, fault=WRONG_AMOUNT)),
    _klarna(3016, "Per Strand", method="FIXED_AMOUNT", goods=LARGE),
    _klarna(3019, "Sara Nyberg"),
    _klarna(3020, "Tage Viklund"),
    _klarna(3021, "Ulla Wester", goods=LARGE),
)
SVEA_ORDERS = (
    _svea(3101, "Anna Lund"),
    _svea(3102, "Bo Ström", method="Card"),
    _svea(3103, "Camilla Frisk", Step("capture"), goods=LARGE),
    _svea(3104, "Daniel Rask", Step("capture"), Step("part:refund", goods=(0,), comment="Fel modell"), goods=LARGE),
    _svea(3105, "Eva Kjellin", Step("capture"), Step("refund", reason="damaged")),
    _svea(3106, "Filip Hägg", Step("cancel")),
    _svea(3107, "Greta Moberg", state="expired"),
    _svea(3108, "Hugo Sand", Step("refund"), method="DirectBank"),
    _svea(3109, "Ida Vinge", Step("part:capture", goods=(0, 1)), goods=LARGE),
    _svea(3110, "Jonas Grip", Step("part:update", goods=(0, 2)), method="AccountCredit"),
    _svea(3111, "Klara Malm", Step("portal:hold")),
    _svea(3112, "Leo Hjort", state="pending"),
    _svea(3113, "Mona Krans", method="Card", state="failed"),
    _svea(3114, "Nora Brandt", CANCELLED, method="Card"),
    _svea(3115, "Oskar Lind", method="Swish"),
    _svea(3116, "Pia Roos", Step("part:capture", goods=(0,)), Step("cancel_or_refund"), goods=LARGE),
    _svea(3117, "Rolf Tapper"),
    _svea(3118, "Stina Udd", method="AccountCredit"),
)
LATER = (_klarna(3017, "Quentin Moreau", CANCELLED), _klarna(3018, "Rut Alm", Step("capture"), CANCELLED))
"""Work that the cancel and refund jobs have not found yet."""
KLARNA_TRIALS = (_klarna(4001, "Test Köpare"), _klarna(4002, "Test Köpare", Step("capture")))
SVEA_TRIALS = (_svea(4101, "Test Köpare"), _svea(4102, "Test Köpare", Step("capture")))


def _klarna_account(mode: Mode) -> DemoAccount:
    username, password = f"PK_demo_{mode.value}", f"demo-klarna-{mode.value}"
    return DemoAccount(
        provider="klarna",
        mode=mode,
        name="Klarna SE",
        credentials=fixed(username=username, password=password),
        settings=fixed(country="SE", currency="SEK"),
        emulator=fixed(secret_key=f"{username}:{password}"),
    )


def _svea_account(mode: Mode) -> DemoAccount:
    merchant_id, secret = ("100001", "demo-svea-live") if mode is Mode.LIVE else ("100002", "demo-svea-test")
    return DemoAccount(
        provider="svea",
        mode=mode,
        name="Svea SE",
        credentials=fixed(merchant_id=merchant_id, shared_secret=secret),
        settings=fixed(currency="SEK"),
        emulator=fixed(secret_key=secret, publishable_key=merchant_id, switches={"task_seconds": 0}),
    )


KLARNA, SVEA = _klarna_account(Mode.LIVE), _svea_account(Mode.LIVE)
OUTDOOR_SHOP = DemoShop(
    command=ShopCommand(
        code="fjall",
        name="Fjällboden",
        currency="SEK",
        language="sv",
        time_zone="Europe/Stockholm",
        stop_window_s=0,
        manager_email="owner@demo.test",
        failure_emails=("owner@demo.test",),
    ),
    orders=(
        (_klarna_account(Mode.TEST), KLARNA_TRIALS),
        (_svea_account(Mode.TEST), SVEA_TRIALS),
        (KLARNA, KLARNA_ORDERS),
        (SVEA, SVEA_ORDERS),
    ),
    after_the_runs=((KLARNA, LATER),),
)
