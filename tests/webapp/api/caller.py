"""A program that calls the REST API with a key."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import factories
from webapp.api import CALLS
from webapp.api.calls import V1
from webapp.api.openapi import codes_of
from webapp.domain.permissions import API_RIGHTS, Permission, Role
from webapp.models import Mode
from webapp.services import runtime, sessions
from webapp.services.api import keys
from webapp.services.api.keys import KeyCommand
from webapp.services.unit_of_work import Tx, in_transaction, reading

PROBLEM = "application/problem+json"


def signed_in_as(user_id: uuid.UUID) -> sessions.SignedIn:
    """The person as services see them."""

    def start(tx: Tx) -> str:
        return sessions.start(tx, user_id, runtime.current().clock.now(tx))

    token = in_transaction(start)
    with reading() as tx:
        person = sessions.find(tx, token)
    assert person is not None
    return person


def make_key(
    shops: Collection[uuid.UUID], mode: Mode = Mode.TEST, rights: Collection[Permission] = API_RIGHTS, name: str = "ERP"
) -> tuple[uuid.UUID, str]:
    """A key made by an owner of those shops."""
    owner = factories.user()
    for shop_id in shops:
        factories.grant(owner.id, shop_id, Role.OWNER)
    return keys.create(signed_in_as(owner.id), KeyCommand(name, mode, frozenset(shops), frozenset(rights)))


@dataclass
class Said:
    """One answer of the API; every one is checked for what all of them share."""

    response: TestResponse

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status_code

    @property
    def headers(self) -> Any:
        """The headers."""
        return self.response.headers

    @property
    def json(self) -> Any:
        """The body."""
        return self.response.get_json(force=True)

    @property
    def code(self) -> str:
        """Of a problem."""
        return str(self.json["code"])

    @property
    def pointers(self) -> list[str]:
        """Where the fields at fault stand."""
        return [next(each[name] for name in ("pointer", "parameter", "header") if name in each) for each in self.errors]

    @property
    def errors(self) -> list[dict[str, str]]:
        """The fields at fault."""
        return list(self.json.get("errors", []))


class Caller:
    """Speaks to the API as a program does: no cookies, a key, JSON."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self.client: FlaskClient = app.test_client(use_cookies=False)
        self.token = token

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Said:
        """One call; `headers` with underscores for hyphens. A body that is bytes goes as it is."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            given.setdefault("Authorization", f"Bearer {self.token}")
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        address = path if path.startswith("/api/") else V1 + path
        said = Said(self.client.open(address, method=method, data=data, headers=given))
        assert "Set-Cookie" not in said.headers
        if said.status >= 400:
            check_problem(said)
        return said

    def get(self, path: str, **headers: str) -> Said:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> Said:
        """POST with an Idempotency-Key when one is given."""
        if key is not None:
            headers["Idempotency_Key"] = key
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any, tag: str | None = None) -> Said:
        """PATCH with an If-Match when one is given."""
        return self.call("PATCH", path, body, **({} if tag is None else {"If_Match": tag}))


def check_problem(said: Said) -> None:
    """RFC 9457, and a code that the description knows."""
    assert said.response.mimetype == PROBLEM, (said.status, said.response.get_data(as_text=True)[:300])
    problem = said.json
    assert problem["status"] == said.status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"]
    assert problem["type"].startswith("/api/docs#problem-")
    known = {code for call in CALLS.values() for code in codes_of(call)} | {"method_not_allowed"}
    assert problem["code"] in known
