"""Tocsin in a process that dies as soon as a report is stored, before anybody hears of it:

    python -m tests.nights.server serve

takes its settings from the environment as Tocsin does.
"""

from __future__ import annotations

import os
import signal

from app import cli
from incidents.store import Store


def die(_store: Store) -> None:
    """Stands where the engine is woken: nothing runs between the commit of a bell and the end of this process."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Store.wake = die  # type: ignore[method-assign]
    cli.run()
