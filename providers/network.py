"""Sockets for the adapters: addresses checked after resolution and pinned, one deadline for the whole call.

httpcore asks a network backend to connect by name. This one resolves the name itself, refuses the call when
any of the addresses is out of bounds, and connects to an address it has just checked, so that a name that
resolves differently a moment later (rebinding) gains nothing. TLS still verifies the name.
"""

from __future__ import annotations

import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore

NAT64 = IPv6Network("64:ff9b::/96")
CHUNK = 16 * 1024

call_ends_at: ContextVar[float] = ContextVar("call_ends_at")
"""Monotonic time at which the call under way must be over; set by `providers.http` around each call."""

Resolve = Callable[[str, int], list[str]]


class Reach(Enum):
    """Which addresses may be called."""

    PUBLIC = "public"
    LOOPBACK = "loopback"  # the emulator in development only


def may_reach(address: str, reach: Reach) -> bool:
    """Whether a literal address is within `reach`; a v4 address wrapped in v6 is judged as what it wraps."""
    read: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(read, IPv6Address):
        read = _unwrapped(read)
    if reach is Reach.LOOPBACK:
        return read.is_loopback
    special = read.is_multicast or read.is_reserved or read.is_unspecified
    site_local = isinstance(read, IPv6Address) and read.is_site_local
    return read.is_global and not special and not site_local


def _unwrapped(address: IPv6Address) -> IPv4Address | IPv6Address:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address


def resolve(host: str, port: int) -> list[str]:
    """Every address of `host`, in the system's order of preference. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def within(seconds: float | None) -> float:
    """Seconds for one step: its own limit, or what is left of the whole call. Raises TimeoutError."""
    left = call_ends_at.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("whole call")
    return left if seconds is None else min(seconds, left)


class CheckedBackend(httpcore.NetworkBackend):
    """Connects only to addresses within `reach`."""

    def __init__(self, reach: Reach, resolve: Resolve = resolve) -> None:
        self._reach = reach
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the interface is httpcore's
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - the interface is httpcore's
    ) -> httpcore.NetworkStream:
        """Resolve, check and connect within `timeout` seconds in all. Raises ConnectError, ConnectTimeout."""
        try:
            until = time.monotonic() + within(timeout)
            addresses = _in_time(lambda: self._resolve(host, port), until)
            if not addresses or not all(may_reach(address, self._reach) for address in addresses):
                raise httpcore.ConnectError("address out of bounds")
            return SocketStream(_connect(addresses, port, until))
        except TimeoutError:
            raise httpcore.ConnectTimeout("connect") from None
        except OSError:
            raise httpcore.ConnectError("connect") from None

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Refused: providers are never behind a socket file."""
        raise httpcore.ConnectError("no socket files")

    def sleep(self, seconds: float) -> None:  # noqa: ARG002 - the interface is httpcore's
        """Refused: httpcore sleeps only between repeated connects, and nothing is repeated here (R10)."""
        raise httpcore.ConnectError("no repeats")


def _in_time(ask: Callable[[], list[str]], until: float) -> list[str]:
    """Answer of `ask`, which has no time limit of its own (getaddrinfo), or TimeoutError."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except (OSError, UnicodeError):  # UnicodeError: a label that IDNA refuses
            answers.put(OSError("name not found"))

    threading.Thread(target=run, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, until - time.monotonic()))
    except queue.Empty:
        raise TimeoutError("resolve") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _connect(addresses: list[str], port: int, until: float) -> socket.socket:
    """Connect to the first address that answers; nothing is sent yet, so trying the next repeats nothing."""
    failure: OSError = OSError("no address")
    for index, address in enumerate(addresses):
        share = max(0.05, (until - time.monotonic()) / (len(addresses) - index))
        try:
            connected = socket.create_connection((address, port), timeout=share)
        except OSError as error:
            failure = error
            continue
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected
    raise failure


class SocketStream(httpcore.NetworkStream):
    """A socket whose every step is bounded by what is left of the call, so slow bytes cannot stretch it."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most `max_bytes`. Raises ReadTimeout, ReadError."""
        try:
            self._socket.settimeout(within(timeout))
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout("read") from None
        except OSError:
            raise httpcore.ReadError("read") from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of `buffer`. Raises WriteTimeout, WriteError."""
        left = memoryview(buffer)
        try:
            while left:
                self._socket.settimeout(within(timeout))
                left = left[self._socket.send(left[:CHUNK]) :]
        except TimeoutError:
            raise httpcore.WriteTimeout("write") from None
        except OSError:
            raise httpcore.WriteError("write") from None

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The stream under TLS, before the request is written. Raises ConnectTimeout, ConnectError."""
        try:
            self._socket.settimeout(within(timeout))
            return SocketStream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except TimeoutError:
            self.close()
            raise httpcore.ConnectTimeout("tls") from None
        except OSError:
            self.close()
            raise httpcore.ConnectError("tls") from None

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a stream: `ssl_object`, and `is_readable` for a kept connection."""
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        if info == "is_readable":
            return self._is_readable()
        return None

    def _is_readable(self) -> bool:
        """True if the other side has closed it or it holds stray bytes: not to be reused."""
        if self._socket.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))
