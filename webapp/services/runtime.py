"""What services stand on: engine, clock, keys, providers. Set once at start; tests and simulation set their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from sqlalchemy import Engine

from providers.port import Capabilities, PaymentProvider
from webapp.services.clock import Clock
from webapp.services.mails.letters import Post
from webapp.services.vault import Vault


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """What is needed to open an adapter; plain credentials, so never logged or stored."""

    account_id: str
    provider: str
    host: str
    credentials: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)


class Providers(Protocol):
    """The way from an account to its adapter; the registry behind it is the only one who knows adapters."""

    def open(self, keys: AccountKeys) -> PaymentProvider:
        """A ready adapter; the caller closes it."""

    def capabilities(self, provider: str) -> Capabilities:
        """What the provider can do, without keys."""

    def hosts(self, provider: str) -> tuple[str, ...]:
        """The host entries that an account may name."""

    def webhook_headers(self, provider: str) -> tuple[str, ...]:
        """The headers of its messages that may be kept, in lower case."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything the services need from outside."""

    engine: Engine
    clock: Clock
    vault: Vault
    audit_key: bytes = field(repr=False)
    providers: Providers
    owner: str  # names this process in leases
    data_dir: str | None = None  # whose disk must not run full (R24)
    post: Post | None = None  # None: this desk sends no mail (simulation)


_default: Runtime | None = None
_override: ContextVar[Runtime | None] = ContextVar("paydesk_runtime", default=None)


def install(runtime: Runtime) -> None:
    """Set the process-wide runtime; create_app() does this."""
    global _default  # noqa: PLW0603 - one process has one runtime, set at start
    _default = runtime


def current() -> Runtime:
    """The runtime in force. RuntimeError if none was installed."""
    runtime = _override.get() or _default
    if runtime is None:
        raise RuntimeError("No runtime: call create_app() or runtime.install() first")
    return runtime


def post() -> Post:
    """How mail leaves the desk. RuntimeError where the runtime has no way."""
    found = current().post
    if found is None:
        raise RuntimeError("This runtime sends no mail")
    return found


@contextmanager
def using(runtime: Runtime) -> Iterator[Runtime]:
    """Another runtime for this context only (simulation, tests)."""
    token = _override.set(runtime)
    try:
        yield runtime
    finally:
        _override.reset(token)


def renamed(owner: str) -> Runtime:
    """The current runtime under another lease owner's name."""
    changes: dict[str, Any] = {"owner": owner}
    return replace(current(), **changes)
