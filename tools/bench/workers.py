"""How much faster more workers send on PostgreSQL, to a mail server that takes its time."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from app import database
from app.config import Settings
from app.installation import Installation
from incidents.law.clock import utcnow
from notifications.contact import contacts_of
from notifications.delivery import Purpose, queue
from tests.makers import make_cast
from tests.plumbing import postgres
from tools.bench.figures import Aim, Part
from tools.bench.plan import Plan
from tools.bench.processes import HOST, python, running
from tools.bench.sink import Sink, sinking

COUNTS = (1, 2, 4)
DELAY = 0.02
"""Seconds that the mail server takes for each mail, as one on another machine does."""

WITHIN = 120.0


def workers(plan: Plan, folder: Path) -> Part:
    """The same queue of messages with one, two and four workers, each from its first mail to its last."""
    part = Part(
        "workers", "Workers on PostgreSQL", ("workers", "mails", "mails/s", "× one worker", "sent twice", "missing")
    )
    if reason := postgres.missing():
        part.notes.append(f"Not measured: {reason}")
        return part
    rates: dict[int, float] = {}
    with postgres.running() as cluster:
        for count in COUNTS:
            inside = folder / str(count)
            inside.mkdir()
            with sinking(inside, delay=DELAY) as sink:
                settings = replace(
                    Settings(instance=inside, public_address="http://localhost:8000"),
                    database_url=cluster.fresh_database(),
                )
                seconds, keys = _run(settings, sink, count, plan.messages)
            twice = sum(number - 1 for number in keys.values())
            missing = plan.messages - len(keys)
            rates[count] = (len(keys) - 1) / seconds if seconds else 0.0
            times = rates[count] / rates[1] if rates[1] else 0.0
            part.rows.append(
                [str(count), str(plan.messages), f"{rates[count]:.0f}", f"{times:.1f}", str(twice), str(missing)]
            )
            part.figures.append({"workers": count, "per_second": rates[count], "twice": twice, "missing": missing})
            part.aims.append(Aim(f"{count} workers: none missing", f"{missing} missing", missing == 0))
    grows = rates[1] < rates[2] < rates[4]
    words = " → ".join(f"{rates[count]:.0f}" for count in COUNTS)
    part.aims.append(Aim("more workers send more in a second", f"{words} mails/s", grows))
    part.notes.append(f"The mail server takes {DELAY * 1000:.0f} ms for each mail.")
    return part


def _run(settings: Settings, sink: Sink, count: int, messages: int) -> tuple[float, Counter[str]]:
    database.migrate(settings, now=utcnow())
    house = Installation.open(settings)
    cast = make_cast(house, now=utcnow())
    with house.store.writing() as session:
        dana = contacts_of(session, cast.dana)[0]
        for _ in range(messages):
            queue(session, dana, Purpose.TEST, now=utcnow())
    house.store.dispose()
    environment = {
        "TOCSIN_INSTANCE": str(settings.instance),
        "TOCSIN_DATABASE_URL": settings.database,
        "TOCSIN_SMTP_HOST": HOST,
        "TOCSIN_SMTP_PORT": str(sink.port),
        "TOCSIN_SMTP_SECURITY": "none",
        "TOCSIN_SMTP_SENDER": "tocsin@northwind.example",
        "TOCSIN_CANARY": "false",
    }
    keys: Counter[str] = Counter()
    first = last = 0.0
    with ExitStack() as stack:
        for number in range(count):
            log = settings.instance / f"worker{number}.log"
            stack.enter_context(running(python("app.cli", "worker"), log, settings=environment))
        ends = time.monotonic() + WITHIN
        while len(keys) < messages and time.monotonic() < ends:
            mail = sink.next(1.0)
            if mail is not None:
                first, last = first or mail.at, mail.at
                keys[mail.key] += 1
    return last - first, keys
