"""`python -m tests.checks.texts`: each language holds every text of the pages, none empty, doubtful or left over.

`--update en fr ...` collects the texts anew and adds them to these catalogues. English texts are their own keys,
so the English catalogue is filled in; the other languages are for people to fill.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "webapp" / "translations"
LANGUAGES = ("en", "fr", "ja", "sv")
SOURCE = "en"
KEYWORDS = ("_l", "lazy_gettext", "_n:1,2", "lazy_ngettext:1,2", "lazy_pgettext:1c,2")
CHANGING = tuple(
    f'"{name}'.encode()
    for name in ("Project-Id", "Report", "POT-Creation", "PO-Revision", "Last-Trans", "Language-Team", "Generated")
)


def extract(target: Path) -> None:
    """Write every text of code and templates to `target` (a .pot file)."""
    keywords = [part for word in KEYWORDS for part in ("--keyword", word)]
    command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "--mapping-file=pyproject.toml"]
    layout = ["--no-location", "--sort-output", "--omit-header", "--width=110"]
    subprocess.run([*command, *layout, *keywords, "--output-file", str(target), "webapp"], cwd=ROOT, check=True)


def catalogue_path(language: str) -> Path:
    """Where the texts of a language stand."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def update(languages: Sequence[str]) -> None:
    """Add new texts to the catalogues and drop those that no page has any more."""
    with tempfile.TemporaryDirectory() as folder:
        template_path = Path(folder) / "messages.pot"
        extract(template_path)
        # read anew for each language: a catalogue takes the template's messages as they are, not copies
        templates = {language: _read(template_path, None) for language in languages}
    for language, template in templates.items():
        path = catalogue_path(language)
        catalogue = _read(path, language) if path.exists() else Catalog(locale=language, domain="messages")
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        if language == SOURCE:
            _fill_source(catalogue)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(catalogue))


def written(catalogue: Catalog) -> bytes:
    """The catalogue as a file, in the order of its texts; no dates or names, which would change at each run."""
    catalogue.header_comment = f"# Texts of Paydesk ({catalogue.locale}); `make texts` keeps their list."
    catalogue.fuzzy = False
    file = BytesIO()
    write_po(file, catalogue, width=110, no_location=True, sort_output=True)
    lines = file.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(CHANGING))


def findings(template: Catalog, catalogue: Catalog, language: str) -> Iterator[str]:
    """One line for each text that `catalogue` lacks, doubts, breaks or no longer needs."""
    for wanted in _messages(template):
        message = catalogue.get(wanted.id, wanted.context)
        name = f"{language}: {_first(wanted)!r}"
        if message is None:
            yield f"{name} is missing; run `make texts`"
        elif message.fuzzy:
            yield f"{name} is marked fuzzy"
        elif not all(_strings(message)):
            yield f"{name} has no translation"
        else:
            yield from (f"{name}: {error}" for error in message.check(catalogue))
    for message in _messages(catalogue):
        if template.get(message.id, message.context) is None:
            yield f"{language}: {_first(message)!r} is on no page any more; run `make texts`"


def _fill_source(catalogue: Catalog) -> None:
    for message in _messages(catalogue):
        if not all(_strings(message)):
            message.string = message.id


def _messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _strings(message: Message) -> Sequence[str]:
    return message.string if isinstance(message.string, list | tuple) else (message.string,)


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _read(path: Path, language: str | None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def main(arguments: list[str]) -> int:
    """Check all languages, or update those named; 1 when a check finds anything."""
    if arguments[:1] == ["--update"]:
        update(arguments[1:])
        return 0
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.pot"
        extract(path)
        template = _read(path, None)
    for language in LANGUAGES:
        po = catalogue_path(language)
        if not po.exists():
            found.append(f"{language}: {po.relative_to(ROOT)} is missing; run `make texts`")
            continue
        found += findings(template, _read(po, language), language)
    count = len(_messages(template))
    print("\n".join(found) or f"texts: {len(LANGUAGES)} languages hold all {count} texts")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
