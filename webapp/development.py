"""What a developer's machine uses where nothing is set; production never reads this but to refuse it."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

SECRET_MARKER = "development-"  # noqa: S105 - the mark by which production knows a secret made here
KEY_MARKER = base64.urlsafe_b64encode(b"devkey").decode()  # the same for keys, which must be 32 bytes
SECRETS_FILE = "development-secrets.json"


def development_defaults(given: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Values for every setting that has none, by its name without prefix, in lower case."""
    data_dir = Path(given.get("data_dir", "var")).expanduser().absolute()
    defaults = {
        "data_dir": str(data_dir),
        "database_url": f"sqlite:///{data_dir}/paydesk.sqlite3",
        "redis_url": f"redis://127.0.0.1:{ports['redis']}/0",
        "smtp_url": f"smtp://127.0.0.1:{ports['smtp']}",
        "mail_from": "paydesk@localhost",
        "public_url": f"http://127.0.0.1:{ports['web']}",
        "metrics_port": str(ports["metrics"]),
    }
    if not {"secret_key", "keyring", "audit_key"} <= given.keys():
        defaults |= development_secrets(data_dir)
    return defaults


def development_secrets(data_dir: Path) -> dict[str, str]:
    """The secrets of this data folder; made at the first call, readable by their owner only (0600)."""
    path = data_dir / SECRETS_FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        _write_once(path, json.dumps(_new_secrets(), indent=2))
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _new_secrets() -> dict[str, str]:
    return {
        "secret_key": SECRET_MARKER + secrets.token_urlsafe(36),
        "keyring": base64.urlsafe_b64encode(b"devkey" + secrets.token_bytes(26)).decode(),
        "audit_key": SECRET_MARKER + secrets.token_urlsafe(36),
    }


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, and the first of several processes wins: a link never replaces a file."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        return  # another process made them meanwhile; the caller reads those
    finally:
        draft.unlink()
