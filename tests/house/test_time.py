"""The clock is read in one place, and handed in as `now`."""

from __future__ import annotations

import ast

from tests.house.source import called, sources, told

CLOCK = "incidents.law.clock"
READERS = {
    "app": "pages, the command line and the worker read the time once and hand it in",
    "notifications.engine": "the heartbeat: its tick, and the clock that tests replace",
}
"""Who may call `utcnow()`, and why."""

WALL = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
AT_THE_EDGE = {
    "notifications.channels.http_answers": "a Retry-After header may name a date, which becomes a wait at once",
}
"""Who may read the wall clock beside the clock module, and why."""


def reads(name: str) -> bool:
    return any(name == reader or name.startswith(f"{reader}.") for reader in READERS)


def calls_of(node: ast.AST, name: str) -> list[ast.Call]:
    return [call for call in ast.walk(node) if isinstance(call, ast.Call) and called(call) == name]


def test_the_wall_clock_is_read_only_in_the_clock_module() -> None:
    wrong = [
        f"{source.at(node)}: {ast.unparse(node)}"
        for source in sources()
        if source.name != CLOCK and source.name not in AT_THE_EDGE
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and (called(node.value), node.attr) in WALL
    ]

    assert not wrong, told("Take `now` as the last keyword. Entry points call incidents.law.clock.utcnow():", wrong)


def test_only_entry_points_ask_what_time_it_is() -> None:
    wrong = [
        f"{source.at(call)}: utcnow()"
        for source in sources()
        if source.name != CLOCK and not reads(source.name)
        for call in calls_of(source.tree, "utcnow")
    ]

    assert not wrong, told("Take `now` as the last keyword, so that a night can be played on a moved clock:", wrong)


def test_a_view_reads_the_time_once() -> None:
    wrong = [
        f"{source.at(function)}: {function.name} reads it {len(calls_of(function, 'utcnow'))} times"
        for source in sources("app/pages")
        for function in source.functions
        if len(calls_of(function, "utcnow")) > 1
    ]

    assert not wrong, told("One instant per action: now = utcnow(), once, and hand it on:", wrong)
