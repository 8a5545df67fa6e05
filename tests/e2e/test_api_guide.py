"""The lines of docs/api.md work as they stand there, one after the other, against the demo's desk."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from providers.kinds import OperationKind
from tasks.local.demo import __main__ as demo
from tests.databases import ROOT
from tests.desk import Desk
from tests.webapp.api.caller import make_key
from webapp.domain.operations import OperationState
from webapp.models import Mode, Operation, Order, OrderStatus, Shop
from webapp.services.operations import running
from webapp.services.unit_of_work import in_transaction

K = OperationKind
DONE = [
    ("TEA-1003", K.CAPTURE, 12800),
    ("TEA-1001", K.REFUND, 1100),
    ("TEA-1016", K.REFUND, 18700),
    ("OUT-3001", K.UPDATE, 22400),
    ("OUT-3101", K.UPDATE, 22400),
    ("OUT-3016", K.CAPTURE, 560600),
    ("OUT-3102", K.CAPTURE, 129600),
    ("OUT-3021", K.CAPTURE, 349900),
    ("OUT-3020", K.CANCEL, 129600),
    ("OUT-3118", K.CANCEL, 129600),
    ("OUT-3002", K.REFUND, 15900),
    ("OUT-3103", K.REFUND, 15900),
    ("OUT-3003", K.CANCEL, 210700),
    ("OUT-3003", K.REFUND, 349900),
    ("OUT-3109", K.CANCEL, 20800),
    ("OUT-3109", K.REFUND, 539800),
    ("OUT-3019", K.CAPTURE, 129600),
    ("OUT-3117", K.CAPTURE, 129600),
]
"""Each carried out once: what the guide asks for itself, and what its changes of status set going."""
GUIDE = Path(ROOT) / "docs" / "api.md"


def lines() -> str:
    """All that is to be pasted, but for the two lines that hold address and key."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return "\n".join(block for block in blocks if "export PAYDESK" not in block)


def test_the_guide_leads_from_a_key_to_the_first_capture_and_refund(
    live_app: tuple[Flask, str], desk: Desk, live: str
) -> None:
    with live_app[0].app_context():
        demo.make(desk.emulator.base_url)
    codes = [shop.command.code for shop in demo.SHOPS]
    shop_ids = set(in_transaction(lambda tx: tx.scalars(select(Shop.id).where(Shop.code.in_(codes))).all()))
    environ = os.environ | {"PAYDESK": live, "PAYDESK_KEY": make_key(shop_ids, Mode.LIVE)[1], "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines()], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "problem-" not in done.stdout, done.stdout
    for _turn in range(4):
        desk.later(minutes=2)  # a changed level is believed a minute after the one before it (R26)
        running.run_due(60)
    made = select(Operation.kind, Operation.amount_minor, Order.number).join(Order, Order.id == Operation.order_id)
    by_api = made.where(Operation.api_key_id.is_not(None), Operation.state == OperationState.SUCCEEDED)
    found = sorted(in_transaction(lambda tx: [(number, kind, minor) for kind, minor, number in tx.execute(by_api)]))
    assert found == sorted(DONE)
    status = select(OrderStatus.code).join(Order, Order.status_id == OrderStatus.id).where(Order.number == "ERP-1")
    assert in_transaction(lambda tx: tx.execute(status).scalar_one()) == "paid"
