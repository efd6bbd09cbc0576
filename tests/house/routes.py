"""Every door of the web application and who may open it: written to `routes.json`, which a guard compares.

To write the list anew after a change, read the difference and commit it with the change:

    .venv/bin/python -m tests.house.routes
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask

from app import create_app, database
from app.access import PUBLIC, SIGNED_IN
from app.config import Settings
from app.installation import Installation
from incidents.law.clock import utcnow

LIST = Path(__file__).with_name("routes.json")
AGAIN = ".venv/bin/python -m tests.house.routes"

Doors = dict[str, dict[str, str]]


def doors(app: Flask) -> Doors:
    """For each address its methods, each with its mark: "public", "signed in", or the rights of which one is wanted."""
    found: Doors = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        mark = _words(getattr(app.view_functions[rule.endpoint], "tocsin_access", None))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found.setdefault(rule.rule, {})[method] = mark
    return {rule: found[rule] for rule in sorted(found)}


def _words(mark: Any) -> str:
    if mark is None:
        return "NO MARK"
    return mark if mark in (PUBLIC, SIGNED_IN) else " or ".join(right.value for right in mark)


def written(found: Doors) -> str:
    """The list as it is kept: one line for each address."""
    lines = (f"  {json.dumps(rule)}: {json.dumps(methods)}" for rule, methods in found.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write the list anew."""
    with TemporaryDirectory() as folder:
        settings = Settings(instance=Path(folder))
        database.migrate(settings, now=utcnow())
        house = Installation.open(settings)
        LIST.write_text(written(doors(create_app(house))), encoding="utf-8")
        house.store.dispose()


if __name__ == "__main__":
    main()
