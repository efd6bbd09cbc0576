"""Reports taken while the mail server hangs, beside the same with one that answers, by turns."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tools.bench.figures import Aim, Part, ratio, spread
from tools.bench.instance import Instance
from tools.bench.intake import Server
from tools.bench.load import Came
from tools.bench.plan import Plan
from tools.bench.processes import HOST
from tools.bench.sink import sinking

AT_MOST = 1.2
"""Times the normal 95th percentile."""

CLIENTS = 4


@contextmanager
def silent() -> Iterator[int]:
    """A mail server that lets everybody in and never says a word; its port."""
    with socket.create_server((HOST, 0), backlog=512) as listening:
        yield int(listening.getsockname()[1])


@contextmanager
def both(folder: Path) -> Iterator[tuple[Server, Server]]:
    """Two installations alike, but for the mail server that they page through."""
    with sinking(folder) as sink, silent() as port:
        fine = Instance.make(folder / "fine", mail_port=sink.port)
        hung = Instance.make(folder / "hung", mail_port=port)
        with fine.served() as first, hung.served() as second:
            yield (
                Server("mail answers", fine.port, fine.file, first, fine.settle),
                Server("mail hangs", hung.port, hung.file, second, hung.settle),
            )


def hanging(plan: Plan, folder: Path) -> Part:
    """POST / as the form sends it, with both."""
    part = Part(
        "hanging",
        "Intake while the mail server hangs",
        ("server", "reports/s", "p50 ms", "p95", "p99", "max", "failed"),
    )
    with both(folder) as servers:
        came = {server.name: Came() for server in servers}
        for server in servers:
            server.take(CLIENTS, plan.warm_up)
        for _ in range(max(plan.rounds, 1)):
            for server in servers:
                came[server.name].add(server.take(CLIENTS, plan.burst))
    spreads = {name: spread(each.milliseconds) for name, each in came.items()}
    for name, each in came.items():
        part.rows.append([name, f"{each.rate:.0f}", *spreads[name].cells(), str(each.failed)])
        part.figures.append({"server": name, "failures": each.failures, **asdict(spreads[name])})
    times = ratio(spreads["mail hangs"].p95, spreads["mail answers"].p95)
    failed = sum(each.failed for each in came.values())
    part.aims.append(
        Aim(f"intake while mail hangs: p95 at most {AT_MOST:g} × normal", f"{times:.2f} ×", times <= AT_MOST)
    )
    part.aims.append(Aim("intake while mail hangs: no failure", f"{failed} failed", failed == 0))
    return part
