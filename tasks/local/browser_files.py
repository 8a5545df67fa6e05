"""`python -m tasks.local.browser_files`: fetches htmx, idiomorph and Tabler with npm, and lays out what is used.

Runs at set-up, on the standard library alone. A machine without npm gets one out of a wheel, in an environment of
its own (`.node`). `package-lock.json` pins every file by its hash and names no address.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "webapp" / "static" / "vendor"
NODE = ROOT / ".node"
USED = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "idiomorph-ext.min.js": "idiomorph/dist/idiomorph-ext.min.js",
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
}


def npm_environment() -> dict[str, str]:
    """The environment in which `npm` can be called."""
    environ = dict(os.environ)
    if shutil.which("npm") is None:
        if not (NODE / "bin" / "npm").exists():
            _bring_npm()
        environ["PATH"] = f"{NODE / 'bin'}{os.pathsep}{environ['PATH']}"
    return environ


def _bring_npm() -> None:
    subprocess.run([sys.executable, "-m", "venv", str(NODE)], check=True)
    pip = [str(NODE / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "node.txt")], check=True)


def lay_out() -> None:
    """Copy the files that pages load; a comment that points to a map which is not served is dropped."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, source in USED.items():
        text = (MODULES / source).read_text(encoding="utf-8")
        kept, mark, _address = text.rpartition("/*# sourceMappingURL=")
        (VENDOR / name).write_text(kept if mark else text, encoding="utf-8")


def tidy_lock() -> None:
    """Take the packages' own addresses (for donations) out of the lock: it names no address at all."""
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text())
    for package in lock["packages"].values():
        package.pop("funding", None)
    path.write_text(json.dumps(lock, indent=2) + "\n")


def main(arguments: list[str]) -> None:
    """Fetch and lay out; with `--tidy-lock` only tidy the lock."""
    if arguments == ["--tidy-lock"]:
        tidy_lock()
        return
    environ = npm_environment()
    npm = shutil.which("npm", path=environ["PATH"]) or "npm"
    subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=ROOT, env=environ, check=True)
    lay_out()


if __name__ == "__main__":
    main(sys.argv[1:])
