"""Templates show. They do not count, decide, ask the database, or speak English past the translators."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from tests.house.source import ROOT, told

FOLDERS = (ROOT / "app" / "templates", ROOT / "notifications" / "templates")
TEMPLATES = [path for folder in FOLDERS for path in sorted(folder.rglob("*.*")) if path.suffix in (".html", ".txt")]

ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg)
QUERIES = {"query", "execute", "scalars", "scalar", "session", "get_one", "commit", "flush"}
SAFE = {"safe", "mark_safe", "Markup"}

NAMES = {"Tocsin", "SHA"}
"""Words that are the same in every language."""

SPOKEN = ("alt", "aria-label", "placeholder", "title", "data-busy", "data-done", "data-failed", "data-in", "data-late")
MAIL_STYLE = ROOT / "notifications"
"""Mail programs know only inline styles; pages have a policy that forbids them."""

JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TAG = re.compile(r"<!?/?[a-zA-Z][^<>]*>", re.DOTALL)
LITERAL = re.compile(rf"""\b({"|".join(SPOKEN)})=("[^"]*"|'[^']*')""")
WORD = re.compile(r"[^\W\d_]{2,}")


@cache
def parsed(path: Path) -> nodes.Template:
    return Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text(encoding="utf-8"))


def at(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def found(*kinds: type[nodes.Node]) -> list[tuple[Path, nodes.Node]]:
    return [(path, node) for path in TEMPLATES for node in parsed(path).find_all(kinds)]


def blanked(text: str, pattern: re.Pattern[str]) -> str:
    """The text without what matches; the lines stay the same."""
    return pattern.sub(lambda match: " " + "\n" * match.group().count("\n"), text)


def test_templates_do_not_calculate() -> None:
    wrong = [at(path, node.lineno) for path, node in found(*ARITHMETIC)]

    assert not wrong, told("The view builds what is shown, in a small frozen dataclass. Move the sum there:", wrong)


def test_templates_do_not_compare_with_literals() -> None:
    wrong = [
        at(path, node.lineno)
        for path, node in found(nodes.Compare)
        if isinstance(node, nodes.Compare)
        and any(isinstance(part, nodes.Const) for part in (node.expr, *(operand.expr for operand in node.ops)))
    ]

    assert not wrong, told("The view decides and gives the template a yes or no. Move the comparison there:", wrong)


def test_templates_ask_no_database() -> None:
    wrong = [
        f"{at(path, node.lineno)}: {node.attr}"
        for path, node in found(nodes.Getattr)
        if isinstance(node, nodes.Getattr) and node.attr in QUERIES
    ]

    assert not wrong, told("The view reads, the template shows:", wrong)


def test_escaping_is_never_switched_off() -> None:
    filters = [
        (path, node) for path, node in found(nodes.Filter) if isinstance(node, nodes.Filter) and node.name in SAFE
    ]
    blocks = found(nodes.ScopedEvalContextModifier)

    wrong = [at(path, node.lineno) for path, node in filters + blocks]
    assert not wrong, told(
        "What people typed must stay escaped. Let the view hand in Markup that it made itself:", wrong
    )


@pytest.mark.parametrize(
    "forbidden", [r"\bstyle=", r"\bon[a-z]+=", r"<style\b", r"<script(?![^>]*\bsrc=)", r"javascript:"]
)
def test_pages_need_no_inline_style_or_script(forbidden: str) -> None:
    wrong = [
        at(path, number)
        for path in TEMPLATES
        if not path.is_relative_to(MAIL_STYLE)
        for number, line in enumerate(blanked(path.read_text(encoding="utf-8"), JINJA).splitlines(), 1)
        if re.search(forbidden, line)
    ]

    assert not wrong, told("The content policy blocks it. Use a class of tocsin.css or a file in static/:", wrong)


def test_every_word_of_a_template_can_be_translated() -> None:
    wrong = []
    for path in TEMPLATES:
        text = blanked(path.read_text(encoding="utf-8"), JINJA)
        for number, line in enumerate(blanked(text, TAG).splitlines(), 1):
            words = [word for word in WORD.findall(re.sub(r"&\w+;", " ", line)) if word not in NAMES]
            wrong += [f"{at(path, number)}: {' '.join(words)}"] if words else []

    assert not wrong, told('Write {{ _("…") }} around what people read:', wrong)


def test_every_spoken_attribute_can_be_translated() -> None:
    wrong = [
        f"{at(path, number)}: {match.group()}"
        for path in TEMPLATES
        for number, line in enumerate(blanked(path.read_text(encoding="utf-8"), JINJA).splitlines(), 1)
        for match in LITERAL.finditer(line)
        if WORD.search(match.group(2))
    ]

    assert not wrong, told('Write aria-label="{{ _("…") }}": a screen reader speaks it:', wrong)


def macros_called(path: Path, everywhere: dict[str, str]) -> set[tuple[str, str]]:
    """The macros that a template calls, each with the template it is in; `everywhere` says what a parent imported."""
    imports = {node.target: node.template.value for node in parsed(path).find_all(nodes.Import)}  # type: ignore[attr-defined]
    own = path.relative_to(path.parent.parent).as_posix()
    called = set()
    for call in parsed(path).find_all(nodes.Call):
        match call.node:
            case nodes.Getattr(node=nodes.Name(name=alias), attr=name):
                called.add((imports.get(alias) or everywhere.get(alias, ""), name))
            case nodes.Name(name=name):
                called.add((own, name))
    return called


def test_every_macro_is_used() -> None:
    everywhere = {node.target: node.template.value for _path, node in found(nodes.Import)}  # type: ignore[attr-defined]
    called = {pair for path in TEMPLATES for pair in macros_called(path, everywhere)}

    idle = [
        f"{at(path, node.lineno)}: {node.name}"
        for path, node in found(nodes.Macro)
        if isinstance(node, nodes.Macro) and (path.relative_to(path.parent.parent).as_posix(), node.name) not in called
    ]

    assert not idle, told("No page uses these. Remove them:", idle)
