"""The messages that people read, for translators: every one, from code, templates, law files and playbooks.

    .venv/bin/python -m tools.messages               writes app/translations/messages.pot
    .venv/bin/python -m tools.messages FOLDER        makes a pseudo-language in FOLDER: every message in ⟦…⟧

docs/adding-a-language.md says what to do with them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po

from app import VERSION
from incidents import steps
from incidents.law import assessment, authorities, regimes

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "app" / "translations"
TEMPLATE = TRANSLATIONS / "messages.pot"

PSEUDO = "eo"
"""A language that Babel knows and that nobody has translated Tocsin into; its dates are unlike English ones."""

SOURCES = (("incidents", "python"), ("notifications", "python"), ("app", "python"))
TEMPLATES = ("app/templates", "notifications/templates")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "N_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}

HEADER = """\
# The messages of Tocsin.
# Written by tools/messages.py; change the sentences where they stand, then write this anew.
"""

PLACEHOLDERS = tuple(f'"{name}: ' for name in ("Report-Msgid-Bugs-To", "POT-Creation-Date", "PO-Revision-Date"))
"""Header lines that would change each time or say nothing."""

Found = tuple[str, str | tuple[str, ...], str]


def messages() -> Iterator[Found]:
    """Every message: where it stands, its text (for a plural both), and the translator's comment."""
    for folder, method in SOURCES:
        yield from _extracted(folder, [("**.py", method)], {})
    for folder in TEMPLATES:
        # Not silent: a template that cannot be read would hide its messages.
        options = {"**.html": {"silent": "false"}, "**.txt": {"silent": "false"}}
        yield from _extracted(folder, [(pattern, "jinja2") for pattern in options], options)
    yield from _of_files("incidents/law/regimes", regimes.messages())
    yield from _of_files("incidents/law/advice.toml", assessment.messages())
    yield from _of_files("incidents/law/authorities.toml", authorities.messages())
    yield from _of_files("incidents/playbooks", steps.messages())


def _extracted(folder: str, methods: list[tuple[str, str]], options: dict[str, dict[str, str]]) -> Iterator[Found]:
    found = extract_from_dir(
        ROOT / folder, methods, options, keywords=KEYWORDS, comment_tags=["Translators:"], strip_comment_tags=True
    )
    for name, _line, text, comments, _context in sorted(found, key=lambda one: (one[0], one[1])):
        yield f"{folder}/{name}", text, " ".join(comments)


def _of_files(folder: str, sentences: Iterable[str]) -> Iterator[Found]:
    for sentence in dict.fromkeys(sentences):
        if sentence:
            yield folder, sentence, ""


def catalog(locale: str | None = None) -> Catalog:
    """All messages as a catalogue, without dates and line numbers, so that it changes only when a sentence does."""
    made = Catalog(locale=locale, project="Tocsin", version=VERSION, header_comment=HEADER.rstrip(), fuzzy=False)
    for place, text, comment in messages():
        made.add(text, locations=[(place, 0)], auto_comments=[comment] if comment else [])
    return made


def write_template(path: Path = TEMPLATE) -> int:
    """Write the file that translators start from; how many messages it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = catalog()
    buffer = BytesIO()
    write_po(buffer, made, include_lineno=False, sort_output=True, width=120)
    lines = buffer.getvalue().decode().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(PLACEHOLDERS)), encoding="utf-8")
    return len(made)


def write_pseudo(folder: Path, locale: str = PSEUDO) -> Path:
    """Make a compiled pseudo-language, every message in ⟦…⟧ with its placeholders kept; the folder to hand in."""
    made = catalog(locale)
    for message in made:
        if message.id:
            plural = isinstance(message.id, tuple)
            message.string = tuple(map(marked, message.id)) if plural else marked(str(message.id))
    target = folder / locale / "LC_MESSAGES"
    target.mkdir(parents=True, exist_ok=True)
    with (target / "messages.mo").open("wb") as file:
        write_mo(file, made)
    return folder


def marked(text: str) -> str:
    """A message as the pseudo-language says it."""
    return f"⟦{text}⟧"


def main(arguments: list[str]) -> None:
    if arguments:
        print(f"A pseudo-language is in {write_pseudo(Path(arguments[0]))}: set language = {PSEUDO!r} to see it.")
    else:
        print(f"{write_template()} messages are in {TEMPLATE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
