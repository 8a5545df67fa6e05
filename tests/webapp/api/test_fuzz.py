"""Schemathesis reads the description and tries to break the API (T8): a few cases in CI, 500 a call in `make fuzz`.

All its checks are on: no 5xx, no answer that the description lacks, wrong data refused, auth never ignored, and chains
of calls along the links. Afterwards the books are whole. It is a program of its own that speaks HTTP.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import make_server

from tests import factories
from tests.desk import Desk
from tests.webapp.api.caller import make_key
from webapp.models import ApiKey, Operation
from webapp.services.unit_of_work import in_transaction

LIKELY = 0.8
"""How often a known id, shop or reason stands where a made-up one could: else nearly all would end at 404."""
REFUSED_BY_RULES = ["401", "403", "404", "409", "412", "422"]
"""Right in form and refused all the same: no such shop, more than is available, a stale tag."""


@pytest.fixture
def address(desk_app: Flask, desk: Desk) -> Iterator[str]:
    """The desk, listening."""
    server = make_server("127.0.0.1", 0, desk_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def seeded(desk: Desk, payments: int) -> dict[str, list[str]]:
    """Payments of both kinds with their orders and some operations, by the names of what they stand for."""
    made = [desk.payment(3300, **({"capture": "manual"} if number % 2 else {})) for number in range(payments)]
    orders = [str(desk.row(each).order_id) for each in made]
    operations = [str(desk.ask(each, 100)) for each in made[::2]]
    return {"payment_id": [str(each) for each in made], "order_id": orders, "operation_id": operations}


def written(folder: Path, known: dict[str, list[str]]) -> Path:
    """Schemathesis' settings."""
    places = {f"path.{name}": values for name, values in known.items()}
    places |= {"body.shop": ["tea"], "query.shop": ["tea"], "body.reason": ["returned"], "body.currency": ["JPY"]}
    places |= {"body.status": ["new", "paid", "cancelled"], "header.If-Match": ["*", '"v1"', '"v2"']}
    lines = []
    for number, values in enumerate(places.values()):
        lines += [f"[dictionaries.known{number}]", f"values = {json.dumps(values)}"]
    lines.append("[parameters]")
    for number, place in enumerate(places):
        lines.append(f'"{place}" = {{ dictionary = "known{number}", probability = {LIKELY} }}')
    expected = {
        "positive_data_acceptance": ["2xx", *REFUSED_BY_RULES],
        "negative_data_rejection": [*REFUSED_BY_RULES, "400", "405", "415", "428"],
        "missing_required_header": ["400", "401", "428"],
    }
    for check, statuses in expected.items():
        lines += [f"[checks.{check}]", f"expected-statuses = {json.dumps(statuses)}"]
    path = folder / "schemathesis.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def fuzz(address: str, settings: Path, token: str, examples: int, phases: str) -> None:
    """Let Schemathesis run; what it found is shown."""
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run"]
    what = [f"{address}/api/v1/openapi.json", "--url", f"{address}/api/v1", "-H", f"Authorization: Bearer {token}"]
    how = ["--checks", "all", "--exclude-checks", "object_level_authorization", "--max-examples", str(examples)]
    how += ["--phases", phases, "--continue-on-failure", "--no-color", "--generation-database", "none"]
    how += ["--suppress-health-check", "all", "--warnings", "off"]
    done = subprocess.run([*program, *what, *how], capture_output=True, text=True, check=False, cwd=settings.parent)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    print(done.stdout[-1500:])  # noqa: T201 - the figures, for whoever runs it by hand


def attack(desk: Desk, address: str, folder: Path, examples: int, payments: int, phases: str) -> None:
    """Fuzz a desk with something to lose, and look at the books."""
    key_id, token = make_key({desk.shop_id})
    factories.shop("secret")
    desk.change(ApiKey, key_id, requests_per_minute=10_000_000)
    fuzz(address, written(folder, seeded(desk, payments)), token, examples, phases)
    desk.assert_books_are_whole()
    filed = select(func.count()).select_from(Operation).where(Operation.api_key_id == key_id)
    assert in_transaction(lambda tx: tx.execute(filed).scalar_one()) > 0, "it never got as far as money"


@pytest.mark.timeout(600)
def test_the_api_answers_as_it_is_described(desk: Desk, address: str, tmp_path: Path) -> None:
    attack(desk, address, tmp_path, examples=5, payments=6, phases="examples,fuzzing,stateful")


@pytest.mark.slow
def test_the_api_withstands_500_cases_a_call(desk: Desk, address: str, tmp_path: Path) -> None:
    attack(desk, address, tmp_path, examples=500, payments=60, phases="examples,coverage,fuzzing,stateful")
