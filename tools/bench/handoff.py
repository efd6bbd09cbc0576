"""From the report to the mail server's yes, beside a bare hand-off over a kept connection."""

from __future__ import annotations

import smtplib
import sqlite3
import time
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tools.bench import load
from tools.bench.figures import Aim, Part, spread
from tools.bench.instance import Instance, mailbox
from tools.bench.plan import Plan
from tools.bench.processes import HOST
from tools.bench.sink import Mail, Sink, sinking
from tools.bench.visitor import Visitor

AT_MOST = 40.0
"""Milliseconds from the report to the mail, at the 95th percentile."""

LOST_AFTER = 15.0
WARM_UP = 3
RINGS = (
    "SELECT delivery.token, report.id FROM report JOIN page_entry ON page_entry.entry_id = report.entry_id"
    " JOIN delivery ON delivery.page_id = page_entry.page_id ORDER BY report.id"
)


@dataclass
class Times:
    """Milliseconds of each hand-off. `keys` are the mails' keys in the order of the reports that rang them."""

    mailed: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    lost: int = 0
    adrift: int = 0


def handoff(plan: Plan, folder: Path) -> Part:
    """One report at a time; each is acknowledged through its link, so that the next one rings anew."""
    with sinking(folder) as sink:
        instance = Instance.make(folder / "handoff", mail_port=sink.port)
        with instance.served():
            times = _measure(instance, sink, plan)
        times.adrift = _adrift(instance.file, times.keys)
    part = Part(
        "handoff",
        "Hand-off: from the report to the mail server's yes",
        ("what", "count", "p50 ms", "p95", "p99", "max"),
    )
    for name, words, samples in (
        ("tocsin", "report sent → mail accepted", times.mailed),
        ("receipt", "report sent → receipt read", times.answered),
        ("floor", "floor: smtplib, kept connection, the same mail", times.bare),
    ):
        found = spread(samples)
        part.rows.append([words, str(found.count), *found.cells()])
        part.figures.append({"what": name, **asdict(found)})
    p95, failed = spread(times.mailed).p95, times.lost + times.adrift
    part.aims.append(Aim(f"hand-off: p95 at most {AT_MOST:g} ms", f"{p95:.1f} ms", p95 <= AT_MOST))
    part.aims.append(Aim("hand-off: each report's own mail, and no other", f"{failed} went astray", failed == 0))
    part.notes.append(
        f"Each mail was matched to its report in the database. Lost: {times.lost}, of another report or nobody's: "
        f"{times.adrift}."
    )
    return part


def _measure(instance: Instance, sink: Sink, plan: Plan) -> Times:
    times, reporter, dana = Times(), Visitor(instance.port), Visitor(instance.port)
    with smtplib.SMTP(HOST, sink.port, "bench.example") as wire:
        wire.ehlo()
        for number in range(WARM_UP + plan.handoffs):
            if number == WARM_UP:
                times = Times(keys=times.keys)
            mail = _one(reporter, sink, times)
            if mail is None:
                times.lost += 1
                continue
            dana.post(urlsplit(mail.link).path, b"")
            instance.settle()
            time.sleep(plan.pause)
            # Whatever else was mailed belongs to no report.
            times.lost += sink.empty()
            _bare(wire, sink, mail, times)
    reporter.close()
    dana.close()
    return times


def _one(reporter: Visitor, sink: Sink, times: Times) -> Mail | None:
    sent, begun = load.body(), time.monotonic()
    answer = reporter.post("/", sent)
    mail = sink.next(LOST_AFTER)
    if mail is not None and mailbox("Dana") in mail.to:
        times.mailed.append((mail.at - begun) * 1000)
        times.answered.append(answer.milliseconds)
        times.keys.append(mail.key)
        return mail
    times.keys.append("")
    return None


def _bare(wire: smtplib.SMTP, sink: Sink, mail: Mail, times: Times) -> None:
    sent = mail.raw.removesuffix(b".\r\n")
    begun = time.monotonic()
    wire.sendmail("bench@northwind.example", ["floor@northwind.example"], sent)
    taken = sink.next(LOST_AFTER)
    if taken is not None:
        times.bare.append((taken.at - begun) * 1000)


def _adrift(file: Path, keys: list[str]) -> int:
    """How many mails were not those of the reports they were counted for."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        rang = dict(connection.execute(RINGS).fetchall())
    reports = sorted(set(rang.values()))
    wanted = dict(zip(reports, keys, strict=False))
    return sum(1 for report, key in wanted.items() if rang.get(key) != report) + abs(len(reports) - len(keys))
