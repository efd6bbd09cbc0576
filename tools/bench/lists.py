"""What somebody signed in waits for: the desk, an incident, the summary; among few incidents and among very many."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from app.demo import fill_many
from app.installation import Installation
from incidents import intake, triage
from incidents.incident import OurRole, What
from incidents.intake import Told
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import by_email
from incidents.timeline import person_as_actor
from tools.bench.figures import Aim, Part, ratio, spread
from tools.bench.instance import PASSWORD, Instance, mailbox
from tools.bench.plan import Plan
from tools.bench.processes import free_port, resident
from tools.bench.sink import sinking
from tools.bench.visitor import Unexpected, Visitor

SHEET = 50
OPEN = SHEET + 10
"""So many open incidents are added to both, because among few made-up ones too few are open to fill the list."""

WARM_UP = 2
LIST_AT_MOST = 10.0
"""Milliseconds, the median of the list at one client."""

FLAT = 1.5
"""The list is flat if its median among many is at most so many times that among few."""

# Not the links of what rings, above the list.
ROW = re.compile(r'rowheader"><a href="(/incident/[^"]+)"')
PAGES = {
    "desk": "desk, list of 50",
    "closed": "desk, closed ones, list of 50",
    "incident": "one incident",
    "summary": "summary",
}
FLOORS = {
    "desk": "SELECT * FROM incident WHERE organisation_id = 1 AND closed_at IS NULL AND next_due_at IS NOT NULL"
    " ORDER BY next_due_at, id LIMIT 50",
    "incident": "SELECT * FROM incident JOIN entry ON entry.incident_id = incident.id"
    " LEFT JOIN prose ON prose.entry_id = entry.id WHERE incident.reference = ? ORDER BY entry.seq",
    "summary": "SELECT what, count(*) FROM incident WHERE organisation_id = 1 AND opened_at >= date('now', '-1 year')"
    " GROUP BY what",
}


@dataclass
class House:
    """A served instance with so many incidents, somebody signed in to it, and what was measured there."""

    incidents: int
    visitor: Visitor
    database: sqlite3.Connection
    paths: dict[str, Sequence[str]]
    pid: int
    samples: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in PAGES})
    floors: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in FLOORS})
    sizes: dict[str, int] = field(default_factory=dict)

    def look(self, name: str, number: int, *, keep: bool) -> None:
        """Look at one page, and read what its heart is from the database alone; `keep` unless it is for practice."""
        path = self.paths[name][number % len(self.paths[name])]
        seen = self.visitor.get(path)
        self.sizes[name] = len(seen.text)
        if keep:
            self.samples[name].append(seen.milliseconds)
        if name in FLOORS:
            key = (path.rpartition("/")[2],) if name == "incident" else ()
            begun = time.monotonic()
            self.database.execute(FLOORS[name], key).fetchall()
            if keep:
                self.floors[name].append((time.monotonic() - begun) * 1000)


def lists(plan: Plan, folder: Path) -> Part:
    """The pages by turns on both sizes, so that whatever else the machine does meets both alike."""
    part = Part(
        "lists",
        "Lists: one client, signed in",
        ("page", "incidents", "p50 ms", "p95", "p99", "max", "SQL alone p50", "kB"),
    )
    with sinking(folder) as sink, ExitStack() as stack:
        made = [_filled(plan.kept or folder, count, sink.port, part) for count in plan.incidents]
        houses = [stack.enter_context(_open(*each)) for each in made]
        for number in range(WARM_UP + plan.looks):
            for name in PAGES:
                for house in houses:
                    house.look(name, number, keep=number >= WARM_UP)
        _tell(part, houses)
        for house in houses:
            held = resident(house.pid)
            part.figures.append({"page": None, "incidents": house.incidents, "resident_mib": held})
            part.notes.append(f"The server with {_number(house.incidents)} incidents held {held:.0f} MiB after that.")
    return part


def _filled(folder: Path, count: int, mail_port: int, part: Part) -> tuple[Instance, int]:
    begun, place = time.monotonic(), folder / f"lists-{count}"
    if place.exists():
        part.notes.append(f"{_number(count)} incidents were there from an earlier run.")
        return Instance(place, free_port(), mail_port), count
    print(f"[bench] filling {_number(count)} incidents", file=sys.stderr, flush=True)
    instance = Instance.make(place, mail_port=mail_port)
    with instance.opened() as house:
        fill_many(house, count, now=utcnow())
        _open_ones(house, OPEN)
    taken, size = time.monotonic() - begun, instance.file.stat().st_size / 1_000_000
    part.notes.append(f"{_number(count)} incidents were made in {taken:.0f} s; the database has {size:.0f} MB.")
    return instance, count


def _open_ones(house: Installation, count: int) -> None:
    """Reports of the last two days that Dana has looked at; after them one that still rings, as on a real desk."""
    now = utcnow()
    for number in range(count):
        at = now - timedelta(minutes=1 + number * 45)
        incident_id = _file_report(house, f"A parcel with printed orders is missing since delivery {number}.", now=at)
        with house.store.writing() as session:
            dana = by_email(session, mailbox("Dana"))
            assert dana is not None
            triage.triage(
                session,
                incident_id,
                What.PERSONAL_DATA_BREACH,
                OurRole.CONTROLLER,
                reason="Names and addresses are on it.",
                by=person_as_actor(dana.id),
                targets=house.targets,
                now=at + timedelta(seconds=30),
            )
    _file_report(house, "Somebody outside reads the mailbox of the returns desk.", now=now)


def _file_report(house: Installation, what: str, *, now: datetime) -> int:
    with house.store.writing() as session:
        organisation = the_organisation(session)
        told = Told(what=what, zone=organisation.zone)
        made = intake.receive(session, organisation, told, keyring=house.keyring, targets=house.targets, now=now)
        return made.report.incident_id


@contextmanager
def _open(instance: Instance, count: int) -> Iterator[House]:
    with instance.served() as process:
        instance.settle()
        visitor = Visitor(instance.port)
        visitor.sign_in(mailbox("Dana"), PASSWORD)
        references = list(dict.fromkeys(ROW.findall(visitor.get("/desk").text)))
        if len(references) != SHEET:
            raise Unexpected(f"the desk shows {len(references)} incidents instead of {SHEET}")
        paths: dict[str, Sequence[str]] = {
            "desk": ("/desk",),
            "closed": ("/desk?show=closed",),
            "incident": references,
            "summary": ("/summary",),
        }
        database = sqlite3.connect(f"file:{instance.file}?mode=ro", uri=True)
        yield House(count, visitor, database, paths, process.pid)
        database.close()
        visitor.close()


def _tell(part: Part, houses: Sequence[House]) -> None:
    for name, words in PAGES.items():
        for house in houses:
            found, floor = spread(house.samples[name]), spread(house.floors.get(name, []))
            part.rows.append(
                [words, _number(house.incidents), *found.cells(), floor.cells()[0], f"{house.sizes[name] / 1000:.0f}"]
            )
            part.figures.append({"page": name, "incidents": house.incidents, **asdict(found), "sql_p50": floor.p50})
    _judge(part, *houses)


def _judge(part: Part, few: House, many: House) -> None:
    p50, grown = spread(many.samples["desk"]).p50, _growth("desk", few, many)
    words = f"list at {_number(many.incidents)} incidents: p50 at most {LIST_AT_MOST:g} ms"
    part.aims.append(Aim(words, f"{p50:.1f} ms", p50 <= LIST_AT_MOST))
    words = f"list flat from {_number(few.incidents)} to {_number(many.incidents)} incidents (at most {FLAT:g} ×)"
    part.aims.append(Aim(words, f"{grown:.2f} ×", grown <= FLAT))
    flat = ", ".join(f"{title} {_growth(name, few, many):.2f} ×" for name, title in PAGES.items())
    part.notes.append(
        f"From {_number(few.incidents)} to {_number(many.incidents)} incidents the medians grow: {flat}. "
        f"The list is {'flat' if grown <= FLAT else '**not** flat'}."
    )


def _growth(name: str, few: House, many: House) -> float:
    return ratio(spread(many.samples[name]).p50, spread(few.samples[name]).p50)


def _number(count: int) -> str:
    return f"{count:,}".replace(",", " ")
