"""The files that an operator copies: settings that are accepted, and units that start what there is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.databases import ROOT
from webapp.config import ConfigurationError, load_settings

UNITS = sorted(Path(ROOT, "docs", "deploy", "systemd").glob("*.service"))
SECRET = "q8mJ2vKpX0sLr5TnWz7aBdYfGhEuCi1o3RtN"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def settings_in(name: str) -> dict[str, str]:
    lines = Path(ROOT, "docs", "deploy", name).read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line.startswith("PAYDESK_"))
    return {key: value.strip('"') for key, value in pairs}


def test_the_example_settings_are_accepted_once_the_secrets_are_filled_in() -> None:
    example = settings_in("paydesk.env.example")
    with pytest.raises(ConfigurationError, match="PAYDESK_KEYRING"):
        load_settings(example)
    secrets = {"PAYDESK_SECRET_KEY": SECRET, "PAYDESK_AUDIT_KEY": SECRET[::-1], "PAYDESK_KEYRING": KEY}
    settings = load_settings(example | secrets)
    assert (settings.is_development, settings.proxies, settings.metrics_port) == (False, 1, 9105)
    owner = settings_in("owner.env.example")
    assert load_settings(example | secrets | owner).database_url != settings.database_url


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_starts_a_program_of_ours_as_an_ordinary_user_that_may_write_only_its_data(unit: Path) -> None:
    text = unit.read_text()
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    for module in re.findall(r"-m (\S+)", command):
        assert importlib.util.find_spec(module) is not None
    for line in ("User=paydesk", "NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077"):
        assert f"\n{line}\n" in text, line
    assert re.search(r"^ReadWritePaths=/var/lib/paydesk( /var/backups/paydesk)?$", text, re.MULTILINE)
