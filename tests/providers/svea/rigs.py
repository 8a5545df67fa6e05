"""An adapter whose network is a function of the test."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from providers.infos import Connection
from providers.network import Reach
from providers.svea.account import STAGE, connect
from providers.svea.adapter import SveaProvider

CREDENTIALS = {"merchant_id": "998877", "shared_secret": "example-shared-secret"}
NOW = datetime(2025, 3, 1, 10, 15, 30, tzinfo=UTC)


class Network(httpx.BaseTransport):
    """Keeps every request and answers by a function."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        return self._answer(request)


def online(answer: Callable[[httpx.Request], httpx.Response], **settings: str) -> tuple[SveaProvider, Network]:
    """The adapter, and what it asked."""
    network = Network(answer)
    wanted = {"currency": "SEK", **settings}
    return connect(Connection(STAGE, Reach.PUBLIC, transport=network, settings=wanted), CREDENTIALS), network


def offline(**settings: str) -> SveaProvider:
    """An adapter that is not to call anybody."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.method} {request.url} was called")

    return online(refuse, **settings)[0]
