"""The lines of docs/api.md work as they stand there, one after the other, against the demo's desk."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from providers.kinds import OperationKind
from tasks.local.demo import __main__ as demo
from tests import klarna_desk
from tests.databases import ROOT
from tests.desk import Desk
from tests.providers.klarna.samples import KETTLE, MUGS
from tests.webapp.api.caller import make_key
from webapp.models import Mode, Operation, Order, OrderStatus, Shop, Via
from webapp.services.unit_of_work import in_transaction

GUIDE = Path(ROOT) / "docs" / "api.md"


def lines() -> str:
    """All that is to be pasted, but for the two lines that hold address and key."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return "\n".join(block for block in blocks if "export PAYDESK" not in block)


def test_another_amount_is_asked_for_as_the_guide_shows(desk: Desk, live: str) -> None:
    payment = klarna_desk.order(klarna_desk.use_klarna(desk), 74900, settled=False, lines=[KETTLE, MUGS])
    text = GUIDE.read_text("utf-8")
    (body,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (function,) = re.findall(r"change_amount\(\) \{.*?; \}", text, re.DOTALL)
    (line,) = re.findall(r"`(change_amount \"\$TO_CHANGE\".*?)`", text)
    environ = os.environ | {"PAYDESK": live, "PAYDESK_KEY": make_key({desk.shop_id})[1], "NO_PROXY": "127.0.0.1"}
    environ |= {"TO_CHANGE": str(payment), "BODY": body}
    script = f"{function}\n{line}"
    done = subprocess.run(["bash", "-euc", script], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["operations"]
    assert (told["kind"], told["new_total_minor"], told["idempotency_key"]) == ("update", 62450, "change-1")


def test_the_guide_leads_from_a_key_to_the_first_capture_and_refund(
    live_app: tuple[Flask, str], desk: Desk, live: str
) -> None:
    with live_app[0].app_context():
        demo.make(desk.emulator.base_url)
    shop_id = in_transaction(lambda tx: tx.execute(select(Shop.id).where(Shop.code == demo.CODE)).scalar_one())
    environ = os.environ | {"PAYDESK": live, "PAYDESK_KEY": make_key({shop_id}, Mode.LIVE)[1], "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines()], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "problem-" not in done.stdout, done.stdout
    made = select(Operation.kind, Operation.amount_minor, Order.number).join(Order, Order.id == Operation.order_id)
    by_api = made.where(Operation.requested_via == Via.API)
    found = in_transaction(lambda tx: {tuple(row) for row in tx.execute(by_api)})
    assert found == {
        (OperationKind.CAPTURE, 12800, "TEA-1003"),
        (OperationKind.REFUND, 1100, "TEA-1001"),
        (OperationKind.REFUND, 18700, "TEA-1016"),
    }
    status = select(OrderStatus.code).join(Order, Order.status_id == OrderStatus.id).where(Order.number == "ERP-1")
    assert in_transaction(lambda tx: tx.execute(status).scalar_one()) == "paid"
