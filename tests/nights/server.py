"""A worker in a process of its own, to be killed:

    python -m tests.nights.server [--report TEXT] [--die-at-commit]

takes its settings from the environment as Tocsin does.
"""

from __future__ import annotations

import argparse
import os
import signal

from app.config import load
from app.installation import Installation
from app.worker import Worker
from incidents.law.clock import utcnow
from tests.makers import make_report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.nights.server")
    parser.add_argument("--report", metavar="TEXT")
    parser.add_argument("--die-at-commit", action="store_true", help="once the report is stored, before anybody hears")
    asked = parser.parse_args()
    installation = Installation.open(load())
    if asked.die_at_commit:
        # Before the worker's own waker: nothing runs between the commit and the end of this process.
        installation.store.on_bell(lambda: os.kill(os.getpid(), signal.SIGKILL))
    Worker(installation).start()
    if asked.report:
        make_report(installation, asked.report, now=utcnow())
    print("ready", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
