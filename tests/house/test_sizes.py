"""Short modules and short functions: a page of text at most, so that one can be read at night."""

from __future__ import annotations

import ast

from tests.house.source import Function, Source, sources, told

LONGEST_MODULE = 400
LONGEST_FUNCTION = 40
LONGEST_TEST_MODULE = 600
"""A test module is read one test at a time."""


def lines(function: Function) -> int:
    """How long a function is without its signature and docstring, which the formatter and the reader want long."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (function.end_lineno or function.lineno) - body[0].lineno + 1


def length(source: Source) -> int:
    return len(source.text.splitlines())


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    wrong = [f"{one.path}: {length(one)} lines" for one in sources() + sources("tools") if length(one) > LONGEST_MODULE]

    assert not wrong, told("Split these by noun, not by layer:", wrong)


def test_no_test_module_is_longer_than_six_hundred_lines() -> None:
    wrong = [f"{one.path}: {length(one)} lines" for one in sources("tests") if length(one) > LONGEST_TEST_MODULE]

    assert not wrong, told("Split these by what they tell:", wrong)


def test_no_function_is_longer_than_forty_lines() -> None:
    everywhere = sources() + sources("tools") + sources("tests")

    wrong = [
        f"{source.at(function)}: {function.name}, {lines(function)} lines"
        for source in everywhere
        for function in source.functions
        if lines(function) > LONGEST_FUNCTION
    ]

    assert not wrong, told("Give a part of each a name of its own:", wrong)
