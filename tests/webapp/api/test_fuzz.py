"""Schemathesis reads the description and tries to break the API (T8): a few cases in CI, 500 a call in `make fuzz`.

All its checks are on: no 5xx, no answer that the description lacks, wrong data refused, auth never ignored, and chains
of calls along the links. Afterwards the books are whole. It is a program of its own that speaks HTTP; how many cases
each call got is counted here, where they arrive. That it finds what it looks for is shown by seeded mistakes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path

import pytest
from flask import Flask, Response, request
from sqlalchemy import func, select
from werkzeug.serving import make_server

from tests import factories
from tests.desk import Desk
from tests.webapp.api.caller import make_key
from webapp.api import CALLS
from webapp.models import ApiKey, Operation
from webapp.security.access import Access
from webapp.services.unit_of_work import in_transaction

LIKELY = 0.8
"""How often a known id, shop or reason stands where a made-up one could: else nearly all would end at 404."""
LINKS = re.compile(r"(\d+) covered / \d+ selected / (\d+) total \((\d+) inferred\)")
CHAINS = 50
"""Chains of calls that are tried at least: of a handful, now and then not one went along a link."""
REFUSED_BY_RULES = ["401", "403", "404", "409", "412", "422"]
"""Right in form and refused all the same: no such shop, more than is available, a stale tag."""


@pytest.fixture
def arrived(desk_app: Flask) -> Counter[str]:
    """How many cases each call got; those whose address leads to no call are not among them."""
    counted: Counter[str] = Counter()

    @desk_app.after_request
    def count(response: Response) -> Response:
        if request.endpoint is not None and "X-Schemathesis-TestCaseId" in request.headers:
            counted[request.endpoint.removeprefix("api.")] += 1
        return response

    return counted


@pytest.fixture
def address(desk_app: Flask, desk: Desk, arrived: Counter[str]) -> Iterator[str]:
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


def written(folder: Path, known: dict[str, list[str]], examples: int) -> Path:
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
    lines += ["[generation]", f"max-examples = {examples}"]
    lines += ["[phases.stateful.generation]", f"max-examples = {max(examples, CHAINS)}"]
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


def fuzz(address: str, settings: Path, token: str, phases: str, *more: str) -> tuple[int, str]:
    """Let Schemathesis run: its exit code, and all that it said."""
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run"]
    what = [f"{address}/api/v1/openapi.json", "--url", f"{address}/api/v1", "-H", f"Authorization: Bearer {token}"]
    how = ["--checks", "all", "--exclude-checks", "object_level_authorization"]
    how += ["--phases", phases, "--continue-on-failure", "--no-color", "--generation-database", "none"]
    how += ["--suppress-health-check", "all", "--warnings", "off"]
    whole = [*program, *what, *how, *more]
    done = subprocess.run(whole, capture_output=True, text=True, check=False, cwd=settings.parent)
    return done.returncode, done.stdout + done.stderr


def attack(desk: Desk, address: str, folder: Path, examples: int, payments: int, phases: str) -> None:
    """Fuzz a desk with something to lose, look at the books, and that chains of calls went along every link."""
    key_id, token = make_key({desk.shop_id})
    factories.shop("secret")
    desk.change(ApiKey, key_id, requests_per_minute=10_000_000)
    code, said = fuzz(address, written(folder, seeded(desk, payments), examples), token, phases)
    assert code == 0, said[-20_000:]
    print(said[-1500:])  # noqa: T201 - the figures, for whoever runs it by hand
    desk.assert_books_are_whole()
    filed = select(func.count()).select_from(Operation).where(Operation.api_key_id == key_id)
    assert in_transaction(lambda tx: tx.execute(filed).scalar_one()) > 0, "it never got as far as money"
    covered, known, guessed = map(int, LINKS.findall(said)[-1])
    declared = sum(len(answer.links) for call in CALLS.values() for answer in call.answers.values())
    assert (known - guessed, covered > 0) == (declared, True), "all links are in the description, and they are followed"


@pytest.mark.timeout(600)
def test_the_api_answers_as_it_is_described(desk: Desk, address: str, tmp_path: Path, arrived: Counter[str]) -> None:
    attack(desk, address, tmp_path, examples=5, payments=6, phases="examples,fuzzing,stateful")
    assert set(arrived) >= set(CALLS)


def breaks(**_ids: object) -> Response:
    raise RuntimeError("seeded")


def says_what_nobody_described(**_ids: object) -> Response:
    return Response("{}", 418, mimetype="application/json")


def says_something_else(**_ids: object) -> Response:
    return Response('{"method": []}', 200, mimetype="application/json")


def answers_anybody(**_ids: object) -> Response:
    return Response('{"payment_methods": []}', 200, mimetype="application/json")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("mistake", "found"),
    [
        (breaks, "Server error"),
        (says_what_nobody_described, "Undocumented status code"),
        (says_something_else, "Response violates schema"),
        (answers_anybody, "API accepts requests without authentication"),
    ],
)
def test_a_seeded_mistake_is_found(
    desk_app: Flask, desk: Desk, address: str, tmp_path: Path, mistake: Callable[..., Response], found: str
) -> None:
    view = desk_app.view_functions["api.list_payment_methods"]
    seeded_view = wraps(view)(mistake)
    if mistake is answers_anybody:
        seeded_view.access = Access(is_public=True)  # type: ignore[attr-defined]  # as a route that was forgotten
    desk_app.view_functions["api.list_payment_methods"] = seeded_view
    token = make_key({desk.shop_id})[1]
    only = ("--include-operation-id", "list_payment_methods")
    code, said = fuzz(address, written(tmp_path, {}, examples=3), token, "fuzzing", *only)
    assert (code, found in said) == (1, True), said[-5000:]


@pytest.mark.slow
def test_the_api_withstands_500_cases_a_call(desk: Desk, address: str, tmp_path: Path, arrived: Counter[str]) -> None:
    # more than 500, because some made-up addresses lead to no call
    attack(desk, address, tmp_path, examples=550, payments=60, phases="examples,coverage,fuzzing,stateful")
    for name in sorted(CALLS):
        print(f"{arrived[name]:6} {name}")  # noqa: T201 - as above
    assert {name: arrived[name] for name in CALLS if arrived[name] < 500} == {}
