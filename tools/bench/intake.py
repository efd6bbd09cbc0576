"""How many reports a second, and how long each takes: Tocsin and the floor by turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import Popen

from app.config import Settings
from tools.bench import load
from tools.bench.figures import Aim, Part, Spread, ratio, spread
from tools.bench.instance import Instance, rows
from tools.bench.load import Came
from tools.bench.plan import Plan
from tools.bench.processes import free_port, python, serving
from tools.bench.sink import sinking

AT_MOST = 4.0
"""Times the floor's median, at up to `EASY` clients."""

EASY = 8


@dataclass(frozen=True)
class Server:
    """A server that takes reports; `settle` waits until its own later work is done."""

    name: str
    port: int
    file: Path
    process: Popen[str]
    settle: Callable[[], None]

    def take(self, clients: int, seconds: float) -> Came:
        """One burst. A report that was answered and is not in the database is a failure, and the other way round."""
        before = rows(self.file, "report")
        came = load.apart(self.port, clients, seconds)
        adrift = abs(rows(self.file, "report") - before - len(came.milliseconds))
        if adrift:
            came.failures["answers and stored reports differ"] = adrift
        self.settle()
        return came


@contextmanager
def both(folder: Path) -> Iterator[tuple[Server, Server]]:
    """The floor and Tocsin, each in a process of its own with as many threads."""
    port, file = free_port(), folder / "floor.sqlite"
    command = python("tools.bench.floor", str(port), str(file), str(Settings.threads))
    with sinking(folder) as sink, serving(command, folder / "floor.log", port=port) as bare:
        instance = Instance.make(folder / "intake", mail_port=sink.port)
        with instance.served() as tocsin:
            yield (
                Server("floor", port, file, bare, lambda: None),
                Server("Tocsin", instance.port, instance.file, tocsin, instance.settle),
            )


def intake(plan: Plan, folder: Path) -> Part:
    """POST / as the form sends it, at each number of clients."""
    part = Part(
        "intake",
        "Intake: reports sent through the public form",
        ("clients", "server", "reports/s", "p50 ms", "p95", "p99", "max", "failed", "× floor p50"),
    )
    with both(folder) as servers:
        for server in servers:
            server.take(2, plan.warm_up)
        for clients in plan.clients:
            came = {server.name: Came() for server in servers}
            for _ in range(plan.rounds):
                for server in servers:
                    came[server.name].add(server.take(clients, plan.burst))
            _tell(part, clients, came)
    part.notes.append(
        "The floor is a bare Flask view under the same server with as many threads, which writes a report and an "
        "outbox row durably with sqlite3. Tocsin's engine pages meanwhile. Every answer was counted against the stored "
        "rows."
    )
    return part


def _tell(part: Part, clients: int, came: dict[str, Came]) -> None:
    spreads = {name: spread(each.milliseconds) for name, each in came.items()}
    times = ratio(spreads["Tocsin"].p50, spreads["floor"].p50)
    for name, each in came.items():
        shown = f"{times:.1f}" if name == "Tocsin" else ""
        part.rows.append(
            [str(clients), name, f"{each.rate:.0f}", *spreads[name].cells(), str(each.failed), shown],
        )
        part.figures.append(_figures(clients, name, each, spreads[name]))
        if each.failures:
            part.notes.append(f"{name} at {clients} clients failed: {each.failures}")
    part.figures[-1]["times_floor_p50"] = times
    failed = came["Tocsin"].failed
    part.aims.append(Aim(f"intake at {clients} clients: no failure", f"{failed} failed", failed == 0))
    if clients <= EASY:
        words = f"intake at {clients} clients: p50 at most {AT_MOST:g} × the floor"
        part.aims.append(Aim(words, f"{times:.1f} ×", times <= AT_MOST))


def _figures(clients: int, name: str, came: Came, found: Spread) -> dict[str, object]:
    return {"clients": clients, "server": name, "per_second": came.rate, "failures": came.failures, **asdict(found)}
