"""The adapters' only use of httpx: one call, its time limits, and what a failure of it means.

`HttpClient.call` makes exactly one request: no repeats (R10), no redirects, no cookies, no proxy of the
environment. It ends in an `Answer`, whatever its status, or in one of two errors (money-safety section 6):

- `ProviderUnavailable`: not one byte of the request was handed to the connection. Only a failure to resolve,
  connect, get a connection or agree on TLS, seen before httpcore began to write, counts as that.
- `OutcomeUnknown`: everything else, an answer that is cut, too large or compressed included.

The text of these errors is made here and carries neither the library's text nor its exception: that could
quote a header, and with it the key.
"""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import httpcore
import httpx

from providers import reading
from providers.errors import OutcomeUnknown, ProviderUnavailable
from providers.network import CheckedBackend, Reach, Resolve, call_ends_at, resolve

FIRST_BYTE = "http11.send_request_headers.started"
BEFORE_SENDING = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.UnsupportedProtocol,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
)
FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one call: seconds (R7) and bytes."""

    connect_s: float = 5.0
    read_s: float = 30.0
    total_s: float = 45.0
    answer_bytes: int = 1024 * 1024
    idle_s: float = 5.0  # a kept connection is dropped after this

    def __post_init__(self) -> None:
        if self.total_s > 60.0:
            raise ValueError("The whole call may never take over 60 s (R7)")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer read to its end; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON with exact fractions (R3). Raises reading.Unreadable."""
        return reading.parse(self.body)


def basic_auth(user: str, password: str) -> str:
    """Value of an Authorization header. Raises ValueError, without the values, for what it cannot hold."""
    if not (user + password).isascii() or not (user + password).isprintable() or ":" in user:
        raise ValueError("Credentials hold characters that cannot be sent")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@cache
def _usual_tls() -> ssl.SSLContext:
    """Verification against the shipped authorities; read once, because reading them takes 40 ms."""
    return httpx.create_ssl_context()


class HttpClient:
    """One provider host with the headers that every call carries."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        reach: Reach = Reach.PUBLIC,
        limits: Limits | None = None,
        resolve: Resolve = resolve,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`base_url` is https, or http where `reach` is LOOPBACK; `transport` is for tests."""
        schemes = {Reach.PUBLIC: ("https",), Reach.LOOPBACK: ("https", "http")}[reach]
        if httpx.URL(base_url).scheme not in schemes:
            raise ValueError("Providers are called over https only")
        self._base = base_url.rstrip("/")
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        self._limits = limits or Limits()
        self._transport = transport or _PinnedTransport(
            CheckedBackend(reach, resolve), ssl_context or _usual_tls(), self._limits.idle_s
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        before_first_byte: Callable[[], None] | None = None,
    ) -> Answer:
        """Make one call; `path` begins with a slash and may carry a query.

        `before_first_byte` is called when a connection stands and nothing is written yet; what it raises
        stops the call (R9: ProviderUnavailable). Raises ProviderUnavailable or OutcomeUnknown.
        """
        begun = _Begun(before_first_byte)
        request = httpx.Request(
            method,
            self._base + path,
            headers={**self._headers, **(headers or {})},
            content=body,
            extensions={"timeout": self._timeouts(), "trace": begun},
        )
        reset = call_ends_at.set(time.monotonic() + self._limits.total_s)
        try:
            return self._read(self._transport.handle_request(request))
        except FAILURES as error:
            not_sent = not begun.sent and isinstance(error, BEFORE_SENDING)
            kind = type(error).__name__
        finally:
            call_ends_at.reset(reset)
        # Raised outside the handler so that the library's exception is not chained to it.
        raise (ProviderUnavailable if not_sent else OutcomeUnknown)(kind)

    def close(self) -> None:
        """Close the kept connections."""
        self._transport.close()

    def _timeouts(self) -> dict[str, float]:
        limits = self._limits
        return {
            "connect": limits.connect_s,
            "pool": limits.connect_s,
            "read": limits.read_s,
            "write": limits.read_s,
        }

    def _read(self, response: httpx.Response) -> Answer:
        """Read the whole answer within the limits. Raises OutcomeUnknown."""
        body = bytearray()
        try:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise OutcomeUnknown("compressed answer")
            for chunk in cast(Iterable[bytes], response.stream):  # as sent: nothing is decompressed
                body += chunk
                if len(body) > self._limits.answer_bytes:
                    raise OutcomeUnknown("answer too large")
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, bytes(body))


class _Begun:
    """httpcore's trace of one call: remembers that writing began, and runs the last check before it."""

    def __init__(self, check: Callable[[], None] | None) -> None:
        self.sent = False
        self._check = check

    def __call__(self, event: str, _: Any) -> None:
        if event == FIRST_BYTE:
            if self._check is not None:
                self._check()
            self.sent = True


class _PinnedTransport(httpx.BaseTransport):
    """httpx on httpcore's pool with our backend; httpx's own transport takes no backend."""

    def __init__(self, backend: CheckedBackend, ssl_context: ssl.SSLContext, idle_s: float) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=4,
            max_keepalive_connections=2,
            keepalive_expiry=idle_s,
            http1=True,
            http2=False,
            retries=0,
            network_backend=backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; httpcore's errors pass through."""
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
