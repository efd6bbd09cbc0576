"""Names say what a thing is. A drawer for everything has no name here."""

from __future__ import annotations

import ast

from tests.house.source import sources, told

DRAWERS = {"models", "forms", "services", "utils", "helpers", "common", "constants", "misc", "base", "core", "manager"}
EMPTY_NAMES = ("Manager", "Helper", "Service", "Util", "Utils", "Processor", "Wrapper")
LIBRARY_HOOKS = {"process_bind_param", "process_result_value", "process_formdata"}
"""SQLAlchemy and WTForms want these names."""

EMPTY_VERBS = ("handle_", "process_", "do_", "perform_", "manage_")


def test_no_module_is_a_drawer_for_everything() -> None:
    wrong = [str(source.path) for source in sources() if DRAWERS & set(source.name.split("."))]

    assert not wrong, told("Name a module by the noun it is about, and let models live with their rules:", wrong)


def test_classes_and_functions_say_what_they_are() -> None:
    wrong = [
        f"{source.at(node)}: {node.name}"
        for source in sources()
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.ClassDef) and node.name.endswith(EMPTY_NAMES))
        or (isinstance(node, ast.FunctionDef) and node.name.lstrip("_").startswith(EMPTY_VERBS))
        if node.name not in LIBRARY_HOOKS
    ]

    assert not wrong, told("Say what it is or does: a noun of its own, or a plain verb:", wrong)
