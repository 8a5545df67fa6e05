"""Settings from the `PAYDESK_*` environment variables, checked once at start.

`docs/configuration.md` lists every variable. `load_settings` is the only reader of the environment; what
it returns is frozen. A wrong value stops the start with a `ConfigurationError` that names each wrong
variable and says what to do; secret values are never shown.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from webapp.development import KEY_MARKER, SECRET_MARKER, development_defaults
from webapp.setting_values import (
    HOW_TO_MAKE_A_KEY,
    SmtpServer,
    database_address,
    is_fernet_key,
    key_bytes,
    smtp_server,
    split_address,
)

PREFIX = "PAYDESK_"
PROVIDERS = ("komoju", "klarna", "svea", "lyra", "monext", "digital_river")
SHORTEST_SECRET = 32
LOOPBACK = ("127.0.0.1", "localhost", "::1")
NEEDED = (
    "data_dir",
    "database_url",
    "redis_url",
    "secret_key",
    "keyring",
    "smtp_url",
    "mail_from",
    "public_url",
)


class ConfigurationError(Exception):
    """The environment is wrong; the text has one line per variable and is meant for an operator."""


class Settings(BaseModel):
    """Every setting, checked. Addresses carry no slash at the end; `data_dir` is absolute."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    env: Literal["development", "production"]
    port: int = Field(ge=1, le=65_500)
    proxies: int = Field(default=0, ge=0, le=5)  # trusted reverse proxies in front, each adding X-Forwarded-For
    data_dir: Path
    database_url: str = Field(repr=False)
    redis_url: str = Field(repr=False)
    secret_key: str = Field(repr=False)
    keyring: tuple[str, ...] = Field(repr=False)
    audit_key_text: str | None = Field(default=None, alias="audit_key", repr=False)
    smtp_url: str = Field(repr=False)
    mail_from: str
    public_url: str
    metrics_port: int = Field(default=0, ge=0, le=65_535)  # 0: no metrics
    metrics_host: str = "127.0.0.1"
    pg_programs: Path | None = None  # the folder of pg_dump, pg_restore and psql; without it they are on the path
    emulator_komoju_url: str | None = None
    emulator_klarna_url: str | None = None
    emulator_svea_url: str | None = None
    emulator_lyra_url: str | None = None
    emulator_monext_url: str | None = None
    emulator_digital_river_url: str | None = None

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        return database_address(value)

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        parts = split_address(value, ("redis", "rediss", "unix"), "redis://HOST:PORT/0, rediss://... or unix:///PATH")
        if parts.scheme != "unix" and not parts.hostname:
            raise ValueError("names no host; give redis://HOST:PORT/0")
        return value

    @field_validator("secret_key", "audit_key_text")
    @classmethod
    def _long_enough(cls, value: str | None) -> str | None:
        if value is not None and len(value) < SHORTEST_SECRET:
            raise ValueError(
                f"is too short ({len(value)} characters); give {SHORTEST_SECRET} or more random ones, as "
                "`python3 -c 'import secrets; print(secrets.token_urlsafe(48))'` prints"
            )
        return value

    @field_validator("keyring", mode="before")
    @classmethod
    def _fernet_keys(cls, value: str) -> tuple[str, ...]:
        keys = tuple(part.strip() for part in value.split(",") if part.strip())
        if not keys:
            raise ValueError(f"holds no key; {HOW_TO_MAKE_A_KEY}")
        for number, key in enumerate(keys, start=1):
            if not is_fernet_key(key):
                raise ValueError(f"key {number} of {len(keys)} is not 32 bytes in url-safe base64; {HOW_TO_MAKE_A_KEY}")
        return keys

    @field_validator("smtp_url")
    @classmethod
    def _known_smtp(cls, value: str) -> str:
        if not split_address(value, ("smtp", "smtps"), "smtp://USER:PASSWORD@HOST:PORT or smtps://...").hostname:
            raise ValueError("names no host; give smtp://USER:PASSWORD@HOST:PORT")
        return value

    @field_validator("pg_programs")
    @classmethod
    def _a_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError("is no folder; name the one that pg_dump, pg_restore and psql are in")
        return value

    @field_validator("mail_from")
    @classmethod
    def _one_address(cls, value: str) -> str:
        name, _, domain = value.rpartition("@")
        if not name or not domain or any(character in value for character in "\r\n, "):
            raise ValueError("is not one mail address; give one such as payments@shop.example")
        return value

    @field_validator("public_url")
    @classmethod
    def _an_origin(cls, value: str) -> str:
        parts = split_address(value, ("https", "http"), "https://HOST")
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
            raise ValueError("must be only scheme and host; give https://HOST or https://HOST:PORT")
        return value.rstrip("/")

    @field_validator(*(f"emulator_{provider}_url" for provider in PROVIDERS))
    @classmethod
    def _on_this_machine(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if split_address(value, ("http",), "http://127.0.0.1:PORT/PROVIDER").hostname not in LOOPBACK:
            raise ValueError("must be on this machine; give http://127.0.0.1:PORT/PROVIDER")
        return value.rstrip("/")

    @property
    def is_development(self) -> bool:
        """True on a developer's machine: the emulator can be chosen and http is allowed."""
        return self.env == "development"

    @property
    def is_sqlite(self) -> bool:
        """True when the database is an SQLite file, false for PostgreSQL."""
        return self.database_url.startswith("sqlite")

    @property
    def local_ports(self) -> dict[str, int]:
        """Every port of the local installation, by name; all follow from `PAYDESK_PORT`."""
        return local_ports(self.port)

    @property
    def audit_key(self) -> bytes:
        """32 bytes that key the audit chain: from `PAYDESK_AUDIT_KEY`, else from `PAYDESK_SECRET_KEY`.

        With the second, changing the secret key breaks the chain: production should set its own.
        """
        root = self.audit_key_text or self.secret_key
        return hmac.digest(root.encode(), b"paydesk audit chain v1", hashlib.sha256)

    @property
    def smtp(self) -> SmtpServer:
        """`PAYDESK_SMTP_URL` in its parts; a sign-in over smtp:// is only made after STARTTLS."""
        return smtp_server(self.smtp_url)

    def emulator_url(self, provider: str) -> str | None:
        """Base address of the emulator for `provider` (`komoju`, ...); None in production."""
        if not self.is_development or provider not in PROVIDERS:
            return None
        given: str | None = getattr(self, f"emulator_{provider}_url")
        return given or f"http://127.0.0.1:{self.local_ports['emulator']}/{provider}"


def local_ports(port: int) -> dict[str, int]:
    """The ports that `make run` listens on, when the web's is `port`."""
    return {"web": port, "redis": port + 1, "emulator": port + 2, "smtp": port + 3, "metrics": port + 4}


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings; without `environ` those of this process.

    In development what is not set gets a working value, and secrets are made once into the data folder.
    Raises ConfigurationError with one line for each wrong variable.
    """
    source = os.environ if environ is None else environ
    given = {
        name.removeprefix(PREFIX).lower(): value.strip()
        for name, value in source.items()
        if name.startswith(PREFIX) and value.strip()
    }
    names = {field.alias or name for name, field in Settings.model_fields.items()}
    values = {name: value for name, value in given.items() if name in names}
    env_is_set = "env" in values
    values.setdefault("env", "production")
    values.setdefault("port", "8000")
    if values["env"] == "development" and values["port"].isdecimal():
        values = development_defaults(values, local_ports(int(values["port"]))) | values
    settings = _checked(values, env_is_set=env_is_set)
    problems = [] if settings.is_development else _unfit_for_production(settings)
    if problems:
        raise _refusal(problems)
    return settings


def _checked(values: dict[str, str], *, env_is_set: bool) -> Settings:
    problems = [
        f"{PREFIX}{name.upper()}: is not set; docs/configuration.md says what it holds"
        for name in NEEDED
        if name not in values
    ]
    if problems and not env_is_set:
        problems.insert(0, f"{PREFIX}ENV: is not set, so this is production; for a trial here set it to development")
    fields: dict[str, Any] = dict(values)
    try:
        settings = Settings.model_validate(fields)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            if problem["type"] == "missing":
                continue
            cause = problem.get("ctx", {}).get("error", problem["msg"])
            problems.append(f"{PREFIX}{str(problem['loc'][0]).upper()}: {cause}")
        raise _refusal(problems) from None
    return settings


def _refusal(problems: list[str]) -> ConfigurationError:
    return ConfigurationError(
        "Paydesk cannot start with these settings:\n" + "\n".join(f"  {line}" for line in problems)
    )


def _unfit_for_production(settings: Settings) -> list[str]:
    problems = []
    for name in ("secret_key", "audit_key_text"):
        value = getattr(settings, name) or ""
        if value.startswith(SECRET_MARKER) or (value and len(set(value)) < 12):
            label = name.removesuffix("_text").upper()
            problems.append(f"{PREFIX}{label}: is a development secret or guessable; make a random one")
    if any(key.startswith(KEY_MARKER) or len(set(key_bytes(key))) < 12 for key in settings.keyring):
        problems.append(f"{PREFIX}KEYRING: holds a development or guessable key; {HOW_TO_MAKE_A_KEY}")
    if not settings.public_url.startswith("https://"):
        problems.append(f"{PREFIX}PUBLIC_URL: must be https in production; give https://HOST")
    problems += [
        f"{PREFIX}EMULATOR_{provider.upper()}_URL: is for development only; remove it"
        for provider in PROVIDERS
        if getattr(settings, f"emulator_{provider}_url") is not None
    ]
    return problems
