"""Every breach of the CNIL's table as facts, the advice on it, and what people were told.

    python -m tools.cnil FILE [--facts]

FILE is the CNIL's open table of notified breaches as CSV, plain or .gz, in either of its layouts. `--facts` prints the
facts instead, one JSON object a line, for `tocsin assess`. Ends in 1 when a row holds a value that is not known.

A row says neither whether the data were protected nor how much they tell. So there are three readings: what the row
states; the same with data in the clear; and that with everything else as mild as the row leaves it. That people were
told, or not, is what an organisation chose, not what the law wanted: a difference is a question, not an error.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from incidents.law.assessment import Advice, Assessment, Says, assess
from incidents.law.facts import Facts, Value, as_read
from tools.cnil.rows import Row, rows

CLEAR: Mapping[str, Value] = {"protection": "none", "credentials_protection": "plain"}
MILD: Mapping[str, Value] = {
    "exposure": "ruled_out_with_evidence",
    "cause": "internal_non_malicious",
    "integrity_effect": "altered_no_misuse",
    "availability_effect": "temporary",
    "backup": "usable",
    "restoration_effect": "none",
    "outage_hours": 1,
    "people.categories": frozenset({"other"}),
    "insight": "limited",
    "identification": "limited",
    "recipients.kind": "known",
    "recipients.number": 1,
    "already_public": False,
    "systematic": False,
    "contained_at_once": True,
}
READINGS: Mapping[str, Mapping[str, Value]] = {
    "as stated": {},
    "in the clear": CLEAR,
    "in the clear, else as mild as it can be": {**CLEAR, **MILD},
}
PATTERNS = 12
"""So many of the commonest patterns are shown."""


def advised(row: Row, assumed: Mapping[str, Value]) -> tuple[Advice, Advice]:
    """The advice for the authority and for the people, with what is assumed where the row says nothing.

    What speaks for telling somebody under what the row states at least holds whatever else is true.
    """
    known = {**assumed, **as_read(row.facts)}
    found = _assessed(frozenset(known.items()))
    if not row.at_least:
        return found.authority, found.people
    surely = _assessed(frozenset({**known, **row.at_least}.items()))
    return (
        surely.authority if surely.authority.says is Says.NOTIFY else found.authority,
        surely.people if surely.people.says is Says.COMMUNICATE else found.people,
    )


@cache
def _assessed(facts: frozenset[tuple[str, Value]]) -> Assessment:
    """Many rows say the same."""
    return assess(dict(facts))


def held(says: Says, told: bool) -> str:
    """How the advice on Art. 34 compares with whether people were told."""
    if says is Says.UNDETERMINED:
        return "undetermined"
    if (says is Says.COMMUNICATE) == told:
        return "equal"
    return "below" if told else "above"


def pattern(facts: Facts) -> str:
    """What a row has in common with others, in one line."""
    names = ("nature", "incident_kind", "cause", "recipients.kind", "data", "people.number")
    return "; ".join(_shown(facts[name]) for name in names if name in facts)


def _shown(value: Value) -> str:
    return "+".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def compared(name: str, read: list[Row]) -> Iterator[str]:
    """One reading of all rows: the advice by kind, and beside what people were told."""
    advice = [(row, *advised(row, READINGS[name])) for row in read]
    yield f"\nRead {name}:"
    for article, says in (
        ("Art. 33", [one.says for _, one, _ in advice]),
        ("Art. 34", [two.says for *_, two in advice]),
    ):
        counts = Counter(says)
        yield f"  {article}: " + ", ".join(f"{counts[one]} {one.value}" for one in Says if counts[one])
    for told, words in ((True, "people told, or to be"), (False, "people not told")):
        outcomes = Counter(held(people.says, told) for row, _, people in advice if row.told is told)
        shares = ", ".join(f"{outcomes[one]} {one}" for one in ("below", "equal", "above", "undetermined"))
        yield f"  {outcomes.total():5} {words}: {shares}"
    yield from _patterns(
        "not_required for the authority",
        [(row, authority) for row, authority, _ in advice if authority.says is Says.NOT_REQUIRED],
    )
    for told, which in ((True, "below"), (False, "above")):
        yield from _patterns(
            f"{which} on Art. 34",
            [(row, people) for row, _, people in advice if row.told is told and held(people.says, told) == which],
        )


def _patterns(what: str, found: list[tuple[Row, Advice]]) -> Iterator[str]:
    by_rule = Counter(reason.rule for _, advice in found for reason in advice.reasons)
    by_pattern = Counter(pattern(row.facts) for row, _ in found)
    if found:
        yield f"  {what}: {len(found)}, by " + ", ".join(f"{rule} {n}" for rule, n in _ordered(by_rule))
        yield from (f"    {n:5} {words}" for words, n in _ordered(by_pattern)[:PATTERNS])
        if left := sum(n for _, n in _ordered(by_pattern)[PATTERNS:]):
            yield f"    {left:5} in {len(by_pattern) - PATTERNS} rarer patterns"


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def summary(read: list[Row]) -> Iterator[str]:
    """All figures, every row counted once in each reading, and every refused row with its reason."""
    kept = [row for row in read if not row.refused]
    told = Counter(row.told for row in kept)
    yield f"{len(read):6} rows, {len(kept)} as facts, {len(read) - len(kept)} refused"
    yield f"{told[True]:6} people told or to be, {told[False]} not told, {told[None]} undecided"
    yield f"{sum('data' in row.at_least for row in kept):6} name data in a list that is open"
    yield f"{sum('people.number' in row.at_least for row in kept):6} give a number of people without an upper end"
    for name in READINGS:
        yield from compared(name, kept)
    yield from (f"refused: line {row.line}: {row.refused}" for row in read if row.refused)


def main(arguments: list[str] | None = None) -> int:
    """Map every row, advise on it, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tools.cnil", description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--facts", action="store_true", help="print the facts of each row as JSON instead")
    given = parser.parse_args(arguments)
    try:
        read = list(rows(given.file))
    except (OSError, EOFError, ValueError, csv.Error) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 1
    if given.facts:
        for row in read:
            said = {"error": row.refused} if row.refused else {"facts": row.written}
            print(json.dumps({"id": row.line, **said}))
    else:
        print("\n".join(summary(read)))
    return 1 if any(row.refused for row in read) else 0


if __name__ == "__main__":
    sys.exit(main())
