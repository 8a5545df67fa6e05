"""How the values of settings are read: addresses, keys and the mail server; every refusal is a ValueError."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

HOW_TO_MAKE_A_KEY = (
    "make one with `python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'`"
)


class SmtpServer(BaseModel):
    """Where mail is handed over. `tls` means TLS from the first byte, `starttls` before a sign-in."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int
    tls: bool
    starttls: bool
    username: str | None
    password: str | None = Field(repr=False)


def smtp_server(address: str) -> SmtpServer:
    """The parts of a checked smtp:// or smtps:// address, with the usual ports where it names none."""
    parts = urlsplit(address)
    tls = parts.scheme == "smtps"
    return SmtpServer(
        host=parts.hostname or "",
        port=parts.port or (465 if tls else 587 if parts.username else 25),
        tls=tls,
        starttls=not tls and parts.username is not None,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def split_address(value: str, schemes: tuple[str, ...], wanted: str) -> SplitResult:
    """Split `value` at its parts; `wanted` is the example in the refusal."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError(f"is not an address; give {wanted}") from None
    if parts.scheme not in schemes:
        raise ValueError(f"has an unknown scheme; give {wanted}")
    return parts


def database_address(value: str) -> str:
    """The SQLAlchemy address: an absolute SQLite path, or PostgreSQL through psycopg."""
    wanted = "sqlite:////PATH/paydesk.sqlite3 or postgresql://USER:PASSWORD@HOST/NAME"
    parts = split_address(value, ("sqlite", "postgresql", "postgres", "postgresql+psycopg"), wanted)
    if parts.scheme == "sqlite":
        path = parts.path[1:]
        if parts.netloc or not path or path.startswith(":memory:"):
            raise ValueError(f"must name a file, since several processes share it; give {wanted}")
        return f"sqlite:///{Path(path).absolute()}"  # Flask-SQLAlchemy would look in its instance folder
    if not parts.path.strip("/"):
        raise ValueError(f"names no database; give {wanted}")
    return f"postgresql+psycopg{value[len(parts.scheme) :]}"


def key_bytes(key: str) -> bytes:
    """What `key` stands for in url-safe base64; empty when it is no base64."""
    try:
        return base64.b64decode(key, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def is_fernet_key(key: str) -> bool:
    """True for 32 bytes in url-safe base64."""
    return len(key_bytes(key)) == 32
