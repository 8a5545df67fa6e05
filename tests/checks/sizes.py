"""`python -m tests.checks.sizes`: no file of 300 lines or more, no function of more than 50."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 300  # a file stays under this
FUNCTION_LINES = 50  # a function is at most this long
ENDINGS = {".py", ".html", ".txt", ".css", ".js"}
LEFT_OUT = ("requirements/", "migrations/versions/")  # made by machines


def findings(path: Path, name: str) -> Iterator[str]:
    """One line for each limit that the file at `path`, called `name`, goes over."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n") + (not text.endswith("\n"))
    if lines >= FILE_LINES:
        yield f"{name}: {lines} lines; split it below {FILE_LINES}"
    if path.suffix != ".py":
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines; {FUNCTION_LINES} are the most"


def project_files() -> Iterator[str]:
    """The names of all files under version control, and of new ones that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if Path(name).suffix in ENDINGS and not name.startswith(LEFT_OUT) and (ROOT / name).is_file():
            yield name


def main() -> int:
    """Print what is too long; 1 if anything is."""
    found = [line for name in project_files() for line in findings(ROOT / name, name)]
    print("\n".join(found) or "sizes: all files and functions are within their limits")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
