"""The notices to Washington's Attorney General, counted anew: was each in time under `us-wa`?

    python -m tools.wa FILE [--rows]

FILE is the table "Data Breach Notifications Affecting Washington Residents" as CSV, plain or .gz. The discovery starts
the clock, Washington's clocks count the days, and the day on which the Attorney General was told is held against the
last day. A row whose dates cannot be trusted is refused with its line, its id and the reason; nothing is guessed.
No name of an organisation is printed. Ends in 1 only where the file is none of this kind.
"""

from __future__ import annotations

import argparse
import csv
import enum
import gzip
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from incidents.law.clock import utcnow
from incidents.law.counting import count
from incidents.law.facts import shown
from incidents.law.localtime import instant_of
from incidents.law.regimes import load
from incidents.law.regimes.rule import Rule

RULE = "us-wa"
CLOCKS = ZoneInfo("America/Los_Angeles")
DISCOVERED, NOTICE, BEGAN, ENDED = "DateAware", "DateSubmitted", "DateStart", "DateEnd"
SAID = "DaysElapsedBeforeNotification"
NEEDED = ("Id", DISCOVERED, NOTICE, BEGAN, ENDED, SAID)
WORDS = {DISCOVERED: "discovery", NOTICE: "notice", BEGAN: "beginning", ENDED: "end"}
EARLIEST = 1990
"""No breach of these files is older; spreadsheets write 1900 and 1970 for a date that is not there."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOUR = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: [AP]M)?Z?)?"
_NAMED = re.compile(rf"(?P<year>\d+) (?P<month>{'|'.join(MONTHS)})[a-z]* (?P<day>\d{{1,2}}){_HOUR}", re.ASCII)
_ISO = re.compile(rf"(?P<year>\d+)-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}}){_HOUR}", re.ASCII)
_SLASHES = re.compile(rf"(?P<one>\d{{1,2}})/(?P<other>\d{{1,2}})/(?P<year>\d+){_HOUR}", re.ASCII)
_ANY_DATE = re.compile(rf"\d+ (?:{'|'.join(MONTHS)})[a-z]* \d+|\d+-\d+-\d+|\d+/\d+/\d+", re.ASCII)


class Dirt(enum.Enum):
    """What can be wrong with a row."""

    CELLS = "more or fewer cells than columns"
    REPEATED = "an id that stood there before"
    MISSING = "a date that is needed is missing"
    SEVERAL = "several dates in one cell"
    UNREADABLE = "a date that cannot be read"
    AMBIGUOUS = "a date that can be read in two ways"
    YEAR = "a year that is a slip of the hand"
    IMPOSSIBLE = "a day that no calendar has"
    FUTURE = "a day that has not come yet"
    ORDER = "dates in an order that cannot be"
    CONTRADICTED = "days that the row itself counts otherwise"


class Dirty(Exception):
    """A row that is refused: the kind of dirt, and a sentence about this row."""

    def __init__(self, dirt: Dirt, sentence: str) -> None:
        self.dirt = dirt
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Replayed:
    """One row. `late_by` is in days, 0 or less when in time; a refused row has `dirt` and `sentence` instead.

    `went_on`: the breach ended after the notice, which is possible and changes nothing.
    """

    line: int
    id: str
    notice: date | None = None
    last_day: date | None = None
    went_on: bool = False
    dirt: Dirt | None = None
    sentence: str = ""

    @property
    def late_by(self) -> int | None:
        return (self.notice - self.last_day).days if self.notice and self.last_day else None

    def words(self) -> str:
        """The row in one line."""
        head = f"line {self.line}, id {self.id or 'missing'}:"
        if self.late_by is None:
            return f"{head} {self.sentence}"
        outcome = f"late by {_days(self.late_by)}" if self.late_by > 0 else "in time"
        return f"{head} last day {self.last_day}, notice {self.notice}, {outcome}"


def read_day(cell: str, what: str, today: date) -> date:
    """The day of a cell such as `2021 Feb 04 12:00:00 AM`, `2021-02-04` or `02/25/2021`. Refuses what is not one day.

    With slashes the month should come first, but a hand may have put the day first; so both must not be possible.
    """
    found = _NAMED.fullmatch(cell) or _ISO.fullmatch(cell)
    if found:
        month = MONTHS.index(found["month"]) + 1 if found["month"] in MONTHS else int(found["month"])
        year, day = found["year"], int(found["day"])
    elif slashes := _SLASHES.fullmatch(cell):
        month, day, year = int(slashes["one"]), int(slashes["other"]), slashes["year"]
        if month != day and month <= 12 and day <= 12:
            raise Dirty(Dirt.AMBIGUOUS, f"the {what}, {shown(cell)}, can be read in two ways.")
        if month > 12:
            month, day = day, month
    elif len(_ANY_DATE.findall(cell)) > 1:
        raise Dirty(Dirt.SEVERAL, f"the {what} holds several dates: {shown(cell)}.")
    else:
        raise Dirty(Dirt.UNREADABLE, f"the {what}, {shown(cell)}, cannot be read as a date.")
    if len(year) != 4 or int(year) < EARLIEST:
        raise Dirty(Dirt.YEAR, f"the {what} has the year {year}, which cannot be right.")
    try:
        read = date(int(year), month, day)
    except ValueError as error:
        raise Dirty(Dirt.IMPOSSIBLE, f"the {what}, {shown(cell)}, is not a day of the calendar.") from error
    if read > today:
        raise Dirty(Dirt.FUTURE, f"the {what}, {read}, has not come yet.")
    return read


def read_days(row: Mapping[str, str], today: date) -> tuple[date, date, bool]:
    """When a row's breach was discovered, when the notice came, and whether the breach went on after it.

    Refuses dates that are missing, cannot be read, or contradict each other or the row's own count of days.
    """
    cells = {name: row[name].strip() for name in WORDS}
    for name in (DISCOVERED, NOTICE):
        if not cells[name]:
            raise Dirty(Dirt.MISSING, f"the date of {WORDS[name]} is missing.")
    days = {name: read_day(cell, f"date of {WORDS[name]}", today) for name, cell in cells.items() if cell}
    for earlier, later in ((BEGAN, ENDED), (BEGAN, DISCOVERED), (DISCOVERED, NOTICE)):
        if earlier in days and later in days and days[later] < days[earlier]:
            words = f"the {WORDS[later]}, {days[later]}, lies before the {WORDS[earlier]}, {days[earlier]}."
            raise Dirty(Dirt.ORDER, words)
    passed, said = (days[NOTICE] - days[DISCOVERED]).days, row[SAID].strip()
    if said and said.replace(",", "") != str(passed):
        raise Dirty(
            Dirt.CONTRADICTED, f"the row counts {shown(said)} days from discovery to notice, its dates {passed}."
        )
    return days[DISCOVERED], days[NOTICE], ENDED in days and days[ENDED] > days[NOTICE]


def last_day(rule: Rule, discovered: date) -> date:
    """The last day of the rule's period, if the clock started on the day of discovery."""
    start = instant_of(datetime.combine(discovered, time()), CLOCKS)
    day = count(rule.terms, start, zone=CLOCKS).last_day
    if day is None:
        raise ValueError(f"{rule.id} does not count in days")
    return day


def replay(text: str, *, today: date) -> Iterator[Replayed]:
    """Every row of the table, in its order. Raises ValueError when this is not the table."""
    reader = csv.reader(io.StringIO(text, newline=""))
    head = [name.strip() for name in next(reader, [])]
    if absent := [name for name in NEEDED if name not in head]:
        raise ValueError(f"the table has no column {', '.join(absent)}")
    rule, seen = load().get(RULE), set[str]()
    for cells in reader:
        if not cells:
            continue
        row = dict(zip(head, cells, strict=False))
        name = row.get("Id", "").strip()
        try:
            if len(cells) != len(head):
                raise Dirty(Dirt.CELLS, f"there are {len(cells)} cells under {len(head)} columns.")
            if name and name in seen:
                raise Dirty(Dirt.REPEATED, "a row with this id stands above.")
            seen.add(name)
            discovered, notice, went_on = read_days(row, today)
        except Dirty as dirty:
            yield Replayed(reader.line_num, name, dirt=dirty.dirt, sentence=str(dirty))
        else:
            yield Replayed(reader.line_num, name, notice, last_day(rule, discovered), went_on)


SPANS = ((0, "in time"), (30, "late by 1 to 30 days"), (90, "late by 31 to 90 days"), (365, "late by 91 to 365 days"))


def summary(rows: list[Replayed]) -> list[str]:
    """The figures, which add up to all rows, and every refused row with its reason."""
    rule = load().get(RULE)
    spans = Counter(_span(row.late_by) for row in rows if row.late_by is not None)
    dirt = Counter(row.dirt for row in rows if row.dirt)
    late = sorted(row.late_by for row in rows if row.late_by is not None and row.late_by > 0)
    lines = [f"{len(rows):6} rows under {rule.id}, {rule.period} {rule.unit.value.replace('_', ' ')} from discovery"]
    lines += [f"{spans[words]:6} {words}" for words in (*(words for _, words in SPANS), LATER)]
    lines += [f"{dirt.total():6} refused"]
    lines += [f"{dirt[kind]:12} {kind.value}" for kind in Dirt if dirt[kind]]
    if late:
        lines.append(f"Late: {len(late)}, half of them by {late[len(late) // 2]} days or more, at most by {late[-1]}.")
    if went_on := sum(row.went_on for row in rows):
        lines.append(f"{went_on} counted rows say that the breach ended after the notice, which is possible.")
    lines += _by_year(rows)
    if not rule.confirmed:
        lines.append(f"{rule.id} is not confirmed: {rule.confidence.value}, checked {rule.checked}.")
    if rule.in_force_by:
        words = "Nothing here says what was law before: every row is counted with the rule as it stands."
        lines.append(f"It is known to be in force by {rule.in_force_by}. {words}")
    return [*lines, *(f"refused: {row.words()}" for row in rows if row.dirt)]


LATER = "late by more than 365 days"


def _span(late_by: int) -> str:
    return next((words for most, words in SPANS if late_by <= most), LATER)


def _by_year(rows: list[Replayed]) -> list[str]:
    years = Counter((row.notice.year, (row.late_by or 0) > 0) for row in rows if row.notice)
    return [
        f"  {year}: {years[year, False]:4} in time, {years[year, True]:4} late"
        for year in sorted({year for year, _ in years})
    ]


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def main(arguments: list[str] | None = None) -> int:
    """Count every row anew, and print what is in time, late and refused."""
    parser = argparse.ArgumentParser(prog="python -m tools.wa", description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", action="store_true", help="print every row as well")
    given = parser.parse_args(arguments)
    try:
        raw = given.file.read_bytes()
        text = (gzip.decompress(raw) if given.file.suffix == ".gz" else raw).decode("utf-8-sig")
        rows = list(replay(text, today=utcnow().date()))
    except (OSError, EOFError, ValueError, csv.Error) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 1
    if given.rows:
        print("\n".join(row.words() for row in rows))
    print("\n".join(summary(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
