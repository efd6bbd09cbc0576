"""The code as data: what the guards look at."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("incidents", "notifications", "app")
REVISIONS = "app.migrations"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One module of ours; `name` is dotted, such as `app.pages.desk`."""

    path: Path
    name: str
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """Where a node stands, as an editor opens it."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"

    @property
    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    @property
    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every module of these folders (of the three packages when none is named), migrations left out."""
    paths = [path for folder in folders or PACKAGES for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [_read(path) for path in paths]
    return tuple(source for source in found if not source.name.startswith(REVISIONS))


def _read(path: Path) -> Source:
    parts = path.relative_to(ROOT).with_suffix("").parts
    text = path.read_text(encoding="utf-8")
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Source(path, name, text, _parsed(text, path))


def _parsed(text: str, path: Path) -> ast.Module:
    """Python 3.11 loses count when a collection of garbage in the middle makes it parse something else."""
    gc.disable()
    try:
        return ast.parse(text, str(path))
    finally:
        gc.enable()


def loaded() -> list[tuple[str, ModuleType]]:
    """Every module of the three packages, imported."""
    return [(source.name, import_module(source.name)) for source in sources()]


def called(node: ast.AST) -> str:
    """The last name of what a call or decorator calls: `get` for `pages.get(…)`."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def told(advice: str, wrong: Iterable[str]) -> str:
    """The failing message of a guard: what to do, then where."""
    return "\n  ".join([f"\n{advice}", *wrong])
