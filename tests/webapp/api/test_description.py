"""The description of the API is made from what reads and writes, so it says what is so; people read it as a page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from tests.pages import PageView
from tests.webapp.routes import routes
from webapp.api import CALLS
from webapp.api.openapi import HEADERS, codes_of, document, example, template
from webapp.errors.problems import KINDS

BASE = "https://desk.shop.example"


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [each for value in part.values() for each in references(value)]
    return [each for value in part for each in references(value)] if isinstance(part, list) else []


def test_it_needs_no_key_and_describes_every_route(quick_app: Flask) -> None:
    answer = quick_app.test_client().get("/api/v1/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    said = answer.json
    assert said["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in said["paths"].items() for method in methods}
    rules = {(rule.endpoint, frozenset(rule.methods or ())) for rule in quick_app.url_map.iter_rules()}
    for route in routes(quick_app):
        if route.access.by_key:
            call = CALLS[route.endpoint.partition(".")[2]]
            assert (call.method, template(call.path)) in described
    assert len(described) == len(CALLS) == len([name for name, _methods in rules if name.startswith("api.")])


def test_every_reference_leads_somewhere_and_every_link_to_a_call() -> None:
    said = document(BASE)
    known = {f"#/components/schemas/{name}" for name in said["components"]["schemas"]}
    assert set(references(said)) <= known
    operations = {each["operationId"]: each for path in said["paths"].values() for each in path.values()}
    for each in operations.values():
        for answer in each["responses"].values():
            for link in answer.get("links", {}).values():
                places = {f"{one['in']}.{one['name']}" for one in operations[link["operationId"]]["parameters"]}
                assert set(link["parameters"]) <= places


@pytest.mark.parametrize("call", CALLS.values(), ids=lambda call: call.name)
def test_every_error_answer_of_a_call_is_described(call: Any) -> None:
    said = document(BASE)["paths"][template(call.path)][call.method.lower()]
    for code in codes_of(call):
        answer = said["responses"][str(KINDS[code].status)]
        assert f"`{code}`" in answer["description"]
        content = answer["content"]["application/problem+json"]
        assert content["examples"][code]["value"] == example(code)
    assert {"401", "403", "429", "500", "503"} <= set(said["responses"])
    if call.body is not None:
        schema = document(BASE)["components"]["schemas"][call.body.__name__]
        assert schema["additionalProperties"] is False
        for one in schema["examples"]:
            assert call.body.model_validate(one)
    for good in call.answers.values():
        shown = document(BASE)["components"]["schemas"][good.model.__name__]["examples"]
        assert [good.model.model_validate(one).model_dump(mode="json") for one in shown] == shown
    needed = {one["name"] for one in said["parameters"] if one["in"] == "header" and one["required"]}
    assert needed == ({"Idempotency-Key"} if call.once else set()) | ({"If-Match"} if call.guarded else set())


def test_the_page_for_people_stands_alone_and_names_every_call_and_problem(quick_app: Flask) -> None:
    answer = quick_app.test_client().get("/api/docs")
    page = PageView(answer)
    page.check()
    assert answer.status_code == 200
    for call in CALLS.values():
        assert f"/api/v1{template(call.path)}" in page.text
    ids = set(re.findall(r'id="([^"]+)"', page.text))
    assert {f"problem-{code.replace('_', '-')}" for code in KINDS} <= ids
    targets = set(re.findall(r'href="#([^"]+)"', page.text)) - {"main"}
    assert targets <= ids
    sources = re.findall(r'(?:src|href)="(https?:[^"]+)"', page.text)
    assert sources == [], "nothing from elsewhere"
    assert HEADERS
