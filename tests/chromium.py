"""Finds a Chromium for browser tests and says how to start it; Playwright's own download is never used."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",  # tests may run as root in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = "no Chromium: install Debian's package chromium, or name one in the variable CHROMIUM"


def find_chromium() -> Path | None:
    """The program that `CHROMIUM` names, else the first on the path; None where there is none."""
    given = os.environ.get("CHROMIUM")
    if given:
        path = Path(given)
        if not os.access(path, os.X_OK):
            raise RuntimeError(f"CHROMIUM names {given}, which is not a program")
        return path
    found = next((where for name in NAMES if (where := shutil.which(name))), None)
    return Path(found) if found else None


def browser_is_required() -> bool:
    """True in CI, where a missing browser is a failure and not a skip."""
    return os.environ.get("PAYDESK_REQUIRE_BROWSER", "") == "1"
