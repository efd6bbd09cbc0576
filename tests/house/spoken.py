"""What a page or a message says, and which of it is neither translated nor data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from tests.house.source import ROOT

OPEN, CLOSE = "⟦", "⟧"

SPOKEN = {"alt", "aria-label", "placeholder", "title", "data-label", "data-busy", "data-done", "data-failed"}
SPOKEN |= {"data-in", "data-late", "data-late-word", "data-units"}

SILENT = {"script", "style", "time", "textarea"}
"""Elements that say nothing, or a time, or what somebody typed."""

TYPED = {"t-prose", "t-utc"}
"""Classes of what people wrote, and of times."""

LISTS = ("country", "zone")
"""Choices whose words come from Babel and from the names of the time zones."""

VOID = {"input", "br", "img", "meta", "link", "hr", "path", "rect", "circle", "line"}

LETTERS = re.compile(r"[^\W\d_]+")
DATA = re.compile(
    r"https?://\S+|[\w.…-]+@[\w.-]+|\b[0-9a-f]{16,}\b|\b\d[\d:.,-]*(?:T\S+)?\b|\b(?:UTC|GMT|BST|Tocsin|TOCSIN_\w*)\b"
    r"|SHA-256|instance/config\.toml|TCN-\w{4}-\w{2}|\bArt\. [\d(),a-z ]+"
)


class Page(HTMLParser):
    """Every text node and spoken attribute of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.said += [value for name, value in given.items() if name in SPOKEN]
        if tag in ("input", "button") and given.get("type") in ("submit", "button"):
            self.said.append(given.get("value", "") if tag == "input" else "")
        if tag not in VOID:
            typed = TYPED & set(given.get("class", "").split())
            silent = tag in SILENT or bool(typed) or (tag == "select" and given.get("name", "").endswith(LISTS))
            self._open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        if tag in [name for name, _silent in self._open]:
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not any(silent for _tag, silent in self._open):
            self.said.append(data)


def outside(text: str) -> str:
    """What stands outside every ⟦…⟧, messages within messages included."""
    depth, kept = 0, []
    for sign in text:
        depth += sign == OPEN
        if depth == 0:
            kept.append(sign)
        depth -= sign == CLOSE and depth > 0
    return "".join(kept)


def codename() -> str:
    """A pattern that a code name matches, such as Amber Heron."""
    words = tomllib.loads((ROOT / "incidents" / "words" / "codenames.toml").read_text(encoding="utf-8"))
    return " ".join(rf"\b(?:{'|'.join(group)})\b" for group in words.values())


class Known:
    """The data of an installation: names, references, what people wrote."""

    def __init__(self, data: Iterable[str]) -> None:
        # The longest first, so that a name within a name leaves no rest.
        words = sorted({word.strip() for word in data if word.strip()}, key=len, reverse=True)
        self._data = re.compile("|".join([codename(), *(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words)]))

    def english_in(self, said: Iterable[str]) -> Iterator[str]:
        """Each piece of text that is neither translated nor data."""
        for text in said:
            rest = DATA.sub(" ", self._data.sub(" ", outside(text)))
            if LETTERS.search(rest):
                yield " ".join(text.split())[:160]
