"""The lock of the browser files."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_lock_pins_every_package_by_its_hash_and_names_no_address() -> None:
    text = (ROOT / "package-lock.json").read_text()
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}

    assert "://" not in text
    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())


def test_the_locked_requirements_carry_hashes_and_no_address() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text, path.name
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
        assert pinned
        assert all(line.endswith("\\") for line in pinned), path.name
