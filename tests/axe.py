"""Accessibility: runs axe-core on a page in the browser and lists what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its name in axe, how bad it is, and the elements that break it."""

    rule: str
    impact: str
    help: str
    elements: tuple[str, ...]


def violations(page: Page) -> list[Violation]:
    """What axe finds on the page as it stands; an empty list is the only good answer.

    The page's own policy forbids foreign scripts, so its context must be made with `bypass_csp=True`.
    """
    if not AXE.exists():
        raise RuntimeError(f"{AXE} is missing: run `make browser-files`")
    page.add_script_tag(path=AXE)
    found: dict[str, Any] = page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", list(RULES))
    return [
        Violation(
            rule=each["id"],
            impact=each["impact"] or "unknown",
            help=each["help"],
            elements=tuple(" ".join(map(str, node["target"])) for node in each["nodes"]),
        )
        for each in found["violations"]
    ]
