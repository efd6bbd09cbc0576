"""`./run bench [--quick] [--only PARTS] [--json FILE] [--folder FOLDER]`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path

from tools.bench.figures import Aim, Part, table
from tools.bench.handoff import handoff
from tools.bench.hanging import hanging
from tools.bench.intake import intake
from tools.bench.lists import lists
from tools.bench.machine import machine
from tools.bench.memory import memory
from tools.bench.plan import PARTS, QUICK, Plan
from tools.bench.processes import DidNotStart
from tools.bench.visitor import Unexpected
from tools.bench.workers import workers

MEASURES: Mapping[str, Callable[[Plan, Path], Part]] = {
    "intake": intake,
    "handoff": handoff,
    "hanging": hanging,
    "workers": workers,
    "lists": lists,
    "memory": memory,
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print Markdown to stdout, and end with 0; with 2 where something could not be measured."""
    asked = _asked(arguments)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))
    plan = QUICK if asked.quick else Plan()
    if asked.incidents:
        plan = replace(plan, incidents=(plan.incidents[0], asked.incidents))
    plan = replace(plan, kept=asked.keep)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-", dir=asked.folder) as name:
        parts = _measure(plan, asked.only, Path(name))
    aims = [aim for part in parts for aim in part.aims]
    print(f"## Aims\n\n{_verdicts(aims)}\n\nAll of it took {time.monotonic() - begun:.0f} s.", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps({part.name: part.plain() for part in parts}, indent=1, allow_nan=False) + "\n")
    return 0 if len(parts) == len(asked.only) + 1 else 2


def _measure(plan: Plan, only: list[str], folder: Path) -> list[Part]:
    parts = [machine(folder)]
    print(f"# What Tocsin does in a second\n\n{parts[0].markdown()}", flush=True)
    for name in only:
        print(f"[bench] {name}", file=sys.stderr, flush=True)
        inside = folder / name
        inside.mkdir()
        try:
            parts.append(MEASURES[name](plan, inside))
        except (DidNotStart, Unexpected, OSError, HTTPException) as failed:
            print(
                f"bench: {name} could not be measured: {type(failed).__name__}: {failed}", file=sys.stderr, flush=True
            )
            continue
        print(parts[-1].markdown(), flush=True)
    return parts


def _verdicts(aims: list[Aim]) -> str:
    return table(("aim", "measured", ""), [[aim.words, aim.measured, "met" if aim.met else "MISSED"] for aim in aims])


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tocsin bench", description="Measure Tocsin beside floors of the same run.")
    parser.add_argument("--quick", action="store_true", help="so little that it only shows that everything works")
    parser.add_argument("--only", type=_parts, default=list(PARTS), metavar="PARTS", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument("--folder", type=Path, help="where the temporary data goes: the disk that is measured")
    parser.add_argument("--incidents", type=int, metavar="N", help="how many are very many (100 000)")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="leave filled databases there, and use what is there"
    )
    return parser.parse_args(arguments)


def _parts(text: str) -> list[str]:
    wanted = [word.strip() for word in text.split(",")]
    unknown = [word for word in wanted if word not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose from {', '.join(PARTS)}")
    return wanted


if __name__ == "__main__":
    sys.exit(main())
