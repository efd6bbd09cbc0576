"""How much is measured: the whole run, or one so small that it only shows that everything works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PARTS = ("intake", "handoff", "hanging", "workers", "lists", "memory")


@dataclass(frozen=True)
class Plan:
    """Lengths of time are in seconds. Each round measures the floor and Tocsin one after the other.

    Filled databases are left in `kept` and found there by the next run; None makes new ones.
    """

    clients: tuple[int, ...] = (1, 8, 32)
    rounds: int = 3
    burst: float = 2.5
    warm_up: float = 1.0
    handoffs: int = 60
    messages: int = 600
    pause: float = 0.1
    incidents: tuple[int, int] = (1_000, 100_000)
    looks: int = 60
    kept: Path | None = None
    rest: float = 2.0
    memory_burst: float = 5.0


QUICK = Plan(
    clients=(1, 4),
    rounds=1,
    burst=0.4,
    warm_up=0.2,
    handoffs=3,
    messages=20,
    pause=0.02,
    incidents=(40, 120),
    looks=3,
    rest=0.1,
    memory_burst=0.4,
)
