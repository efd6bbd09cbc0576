"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

from app.config import Settings
from tools.bench.figures import Part, milliseconds, spread

BLOCK = b"\0" * 4096
KEPT_IN_MEMORY = ("tmpfs", "ramfs")


def machine(folder: Path, *, syncs: int = 200) -> Part:
    """Cores, versions, and what it costs to make one block durable in the folder where everything is kept."""
    part = Part("machine", "Machine", ("fact", "value"))
    cost, system = spread(sync_cost(folder, syncs)), file_system(folder)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    load = os.getloadavg()[0]
    facts = {
        "when": f"{datetime.fromtimestamp(time.time(), UTC):%Y-%m-%d %H:%M} UTC",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "cores": str(cores),
        "load before": f"{load:.1f}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "file system": system,
        "4 KiB made durable (fdatasync), p50 / p95 ms": f"{milliseconds(cost.p50)} / {milliseconds(cost.p95)}",
        "threads of each server": str(Settings.threads),
    }
    part.rows = [[name, value] for name, value in facts.items()]
    part.figures = [{**facts, "sync_p50_ms": cost.p50, "sync_p95_ms": cost.p95}]
    if load > cores / 2:
        part.notes.append(
            f"**The machine is at work with something else** (load {load:.1f} on {cores} cores): keep the ratios."
        )
    if system in KEPT_IN_MEMORY:
        part.notes.append(f"**{folder} is kept in memory: nothing is durable there.** Name another with `--folder`.")
    return part


def sync_cost(folder: Path, times: int) -> list[float]:
    """How long it takes to append a block and make it durable, each time, in milliseconds."""
    sync = getattr(os, "fdatasync", os.fsync)
    path, taken = folder / "sync", []
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        for _ in range(times):
            begun = time.perf_counter()
            os.write(file, BLOCK)
            sync(file)
            taken.append((time.perf_counter() - begun) * 1000)
    finally:
        os.close(file)
        path.unlink()
    return taken


def file_system(folder: Path) -> str:
    """The kind of file system that a folder lies on, where /proc tells."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    found = [line.split()[1:3] for line in mounts.read_text().splitlines()]
    around = [(len(at), kind) for at, kind in found if folder.resolve().is_relative_to(at)]
    return max(around, default=(0, "unknown"))[1]
