"""`flask orders import` and `orders set-status`, as an operator types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from tests import factories
from tests.webapp.services.imports.files import orders, text
from webapp.models import Mode, Shop
from webapp.services.unit_of_work import in_transaction


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["orders", *words])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


@pytest.fixture
def here(app: Flask) -> Flask:
    """An application on each database, with a shop."""
    factories.shop("tea")
    return app


def test_a_file_comes_in_and_its_orders_are_live(here: Flask, file: Path) -> None:
    file.write_bytes(text("A-1,JPY,100,paid", "A-2,JPY,200,cancelled"))
    dry = run(here, "import", str(file), "--shop", "tea", "--dry-run")
    assert (dry.exit_code, orders()) == (0, {}), dry.output
    assert "2 new, 0 changed, 0 unchanged, 0 wrong." in dry.output
    assert "1 new orders arrive cancelled and are not acted on." in dry.output
    done = run(here, "import", str(file), "--shop", "tea", "--act")
    assert done.exit_code == 0, done.output
    assert "2 orders came in, 0 were changed." in done.stdout
    assert "checking: 0 lines" in done.stderr
    assert {each.mode for each in orders().values()} == {Mode.LIVE}
    assert orders()["A-2"].undo_change_id is not None


def test_a_wrong_file_is_refused_with_every_error_and_exit_1(here: Flask, file: Path) -> None:
    file.write_bytes(text("A-1,JPY,1.5,gone", "A-2,JPY,2,paid"))
    refused = run(here, "import", str(file), "--shop", "tea", "--mode", "test")
    assert (refused.exit_code, orders()) == (1, {})
    assert "Line 2, total: JPY has 0 decimals." in refused.stderr
    assert "Line 2, status: The shop has no status “gone”." in refused.stderr
    good = run(here, "import", str(file), "--shop", "tea", "--mode", "test", "--keep-good")
    assert good.exit_code == 0, good.output
    assert {each.mode for each in orders().values()} == {Mode.TEST}


def test_a_status_is_set_once(here: Flask, file: Path) -> None:
    file.write_bytes(text("A-1,JPY,100,paid"))
    run(here, "import", str(file), "--shop", "tea")
    words = ("set-status", "A-1", "cancelled", "--shop", "tea")
    assert "Order A-1 is cancelled." in run(here, *words).output
    assert "Order A-1 was cancelled already." in run(here, *words).output
    assert orders()["A-1"].undo_change_id is not None
    assert (
        "it has new, paid, shipped, completed, cancelled" in run(here, "set-status", "A-1", "x", "--shop", "tea").output
    )
    assert "no test order 'A-1'" in run(here, *words, "--mode", "test").output
    assert "no shop 'x'" in run(here, "set-status", "A-1", "paid", "--shop", "x").output
    assert in_transaction(lambda tx: tx.query(Shop).count()) == 1
