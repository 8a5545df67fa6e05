"""Every route of the application with arguments that lead somewhere, for tests that go over all of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask

from webapp.security.access import SAFE_METHODS, Access
from webapp.security.guard import declared

NOWHERE = uuid.UUID(int=7)


@dataclass(frozen=True)
class Route:
    """One way into the application."""

    endpoint: str
    method: str
    address: str
    access: Access

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint}"


def routes(app: Flask, known: Mapping[str, Any] | None = None) -> Iterator[Route]:
    """Every route and method but the static files; ids that are not `known` by name lead nowhere."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint == "static":
                continue
            values = {name: _value(name, rule, known or {}) for name in rule.arguments}
            built = rule.build(values)
            assert built is not None, rule
            access = declared(app, rule.endpoint)
            assert access is not None, rule
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                yield Route(rule.endpoint, method, built[1], access)


def unsafe(app: Flask) -> Iterator[Route]:
    """Those that may change something."""
    return (route for route in routes(app) if route.method not in SAFE_METHODS)


def _value(name: str, rule: Any, known: Mapping[str, Any]) -> Any:
    if name in known:
        return known[name]
    converter = rule._converters[name]
    items = getattr(converter, "items", None)
    if items:
        return sorted(items)[0]
    return NOWHERE if type(converter).__name__ == "UUIDConverter" else "komoju"
