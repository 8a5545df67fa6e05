"""The tea shop (JPY, KOMOJU): what its buyers did, and what the people at the desk did with it since."""

from __future__ import annotations

from providers.port import BankDetails
from tasks.local.demo.methods import LATER
from tasks.local.demo.shapes import DemoAccount, DemoOrder, DemoShop, Step, fixed
from webapp.models import Mode
from webapp.services.shops import ShopCommand

BANK = BankDetails(
    customer_name="ｻﾄｳ ﾊﾅｺ",
    bank_name="みずほ銀行",
    bank_code="0001",
    branch_name="渋谷支店",
    branch_number="210",
    account_type="normal",
    account_number="0123456",
    include_payment_method_fee=False,
)


MANUAL = fixed(capture="manual")
CANCELLED = Step("status:cancelled")
WRONG_AMOUNT = fixed(kind="wrong_amount", call="refund", times=1, amount_minor=7)

PAYS_LATER = DemoOrder("TEA-1018", "林 芽依", 3080, method="konbini")
"""The buyer pays when the emulator's messages are heard."""

LIVE_ORDERS = (
    DemoOrder("TEA-1001", "佐藤 花子", 3300),
    DemoOrder("TEA-1002", "鈴木 一郎", 5400, method="konbini"),
    DemoOrder("TEA-1003", "高橋 健", 12800, fields=MANUAL),
    DemoOrder("TEA-1004", "田中 美咲", 2200, steps=(Step("refund", 700, comment="湯のみが割れていた"),)),
    DemoOrder("TEA-1005", "伊藤 翔", 4180, steps=(Step("refund"),)),
    DemoOrder("TEA-1006", "渡辺 さくら", 1980, fields=MANUAL, steps=(Step("cancel"),)),
    DemoOrder("TEA-1007", "山本 大輔", 6600, method="konbini", steps=(Step("portal:expire"),)),
    DemoOrder("TEA-1008", "中村 葵", 880, fields=fixed(state="failed")),
    DemoOrder("TEA-1009", "小林 蓮", 7700, steps=(Step("portal:dispute"),)),
    DemoOrder("TEA-1010", "加藤 結衣", 9900, method="konbini", steps=(Step("portal:pay"),)),
    DemoOrder(
        "TEA-1011",
        "吉田 陸",
        15400,
        method="bank_transfer",
        steps=(Step("portal:pay"), Step("refund", 5400, reason="damaged", bank=BANK)),
    ),
    DemoOrder("TEA-1012", "山田 凛", 4400, method="pay_easy", steps=(Step("portal:pay"),)),
    DemoOrder(
        "TEA-1013", "Emma Wilson", 5999, currency="USD", steps=(Step("refund", 1999, reason="price_adjustment"),)
    ),
    DemoOrder("TEA-1014", "佐々木 陽菜", 2750, steps=(Step("refund", 1000, fault=WRONG_AMOUNT),)),
    DemoOrder("TEA-1015", "松本 悠斗", 8250, method="paypay", steps=(Step("portal:refund", 250),)),
    DemoOrder("TEA-1016", "井上 楓", 18700),
    DemoOrder("TEA-1017", "木村 湊", 6050, fields=fixed(tax=550)),
    PAYS_LATER,
    DemoOrder("TEA-1019", "橋本 莉子", 5280, steps=(CANCELLED,)),
    DemoOrder("TEA-1020", "阿部 悠真", 9350, fields=MANUAL, steps=(CANCELLED,)),
    DemoOrder("TEA-1021", "石川 杏", 2640, method="konbini", steps=(Step("portal:pay"), CANCELLED)),
    DemoOrder("TEA-1022", "前田 蒼", 7480, fields=MANUAL, steps=(CANCELLED, Step("unseen:capture"))),
)
AFTER_THE_RUNS = (
    DemoOrder("TEA-1023", "藤田 芽生", 3960, steps=(CANCELLED,)),
    DemoOrder("TEA-1024", "岡田 樹", 11000, fields=MANUAL, steps=(CANCELLED,)),
)
"""Work that the cancel and refund jobs have not found yet."""

TEST_ORDERS = (
    DemoOrder("TEA-2001", "清水 樹", 4950),
    DemoOrder("TEA-2002", "山口 詩", 7150, method="konbini"),
    DemoOrder("TEA-2003", "Olivia Martin", 8900, currency="EUR"),
)


def _account(mode: Mode) -> DemoAccount:
    secret = f"sk_{mode.value}_demo_tea"
    return DemoAccount(
        provider="komoju",
        mode=mode,
        name="KOMOJU",
        credentials=fixed(secret_key=secret),
        emulator=fixed(secret_key=secret),
        methods=LATER if mode is Mode.LIVE else None,
    )


LIVE, TEST = _account(Mode.LIVE), _account(Mode.TEST)
TEA_SHOP = DemoShop(
    command=ShopCommand(
        code="chaya",
        name="茶屋 Sencha",
        currency="JPY",
        language="ja",
        time_zone="Asia/Tokyo",
        stop_window_s=0,
        manager_email="owner@demo.test",
        failure_emails=("owner@demo.test",),
    ),
    orders=((TEST, TEST_ORDERS), (LIVE, LIVE_ORDERS)),
    after_the_runs=((LIVE, AFTER_THE_RUNS),),
    pays_later=(LIVE, PAYS_LATER),
)
