"""What changed, in words: before → after, from the facts of an entry, for whoever may read names and for messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, get_day_names

from incidents.law.regimes import load
from incidents.people import Role
from incidents.timeline import Entry, Kind
from incidents.words import N_
from incidents.words.enums import words_for
from notifications.channels import WAYS, ChannelKind
from notifications.escalation import TargetKind
from notifications.rota.shift import later

ARROW = N_("%(before)s → %(after)s")
NOTHING = N_("nothing")


Words = Callable[[Mapping[str, Any], "Reader"], str]


@dataclass(frozen=True)
class Reader:
    """In whose language and zone it is said, and what a person and a rota are called to them."""

    translate: Callable[[str], str]
    locale: str
    zone: ZoneInfo
    person: Callable[[int], str]
    rota: Callable[[int], str]

    def say(self, sentence: str, **params: object) -> str:
        said = self.translate(sentence)
        return said % params if params else said

    def who(self, key: int | None) -> str:
        return self.person(key) if key is not None else self.say(N_("nobody"))

    def at(self, written: str) -> str:
        local = datetime.fromisoformat(written).astimezone(self.zone)
        return format_datetime(local, "EEE d MMM yyyy HH:mm", tzinfo=self.zone, locale=self.locale)

    def span(self, begins: str, ends: str) -> str:
        return self.say(N_("%(begins)s to %(ends)s"), begins=self.at(begins), ends=self.at(ends))

    def arrow(self, before: str, after: str) -> str:
        return self.say(ARROW, before=before, after=after)


def lines_of(entry: Entry, reader: Reader, *, only: int | None = None) -> list[str]:
    """What an entry says changed, a line each; none for other kinds, and for entries that say nothing of it.

    With `only` of the turns of a rota just those that this person gains or loses, if there are any.
    """
    told = _LINES.get(entry.kind)
    return list(told(entry, reader, only)) if told is not None else []


def _policy(entry: Entry, reader: Reader, _only: int | None) -> Iterator[str]:
    before, after = entry.facts.get("before"), entry.facts.get("after")
    if before is None or after is None:
        return
    for number, (was, becomes) in enumerate(zip_longest(before["steps"], after["steps"]), 1):
        if was != becomes:
            changed = reader.arrow(_step(was, reader), _step(becomes, reader))
            yield reader.say(N_("Step %(step)s: %(change)s"), step=number, change=changed)
    sentences = {
        "repeat": N_("It rings again every so many minutes: %(change)s"),
        "round": N_("It starts from the first step again after so many minutes: %(change)s"),
    }
    for name, sentence in sentences.items():
        if before[name] != after[name]:
            yield reader.say(sentence, change=reader.arrow(f"{before[name] / 60:g}", f"{after[name] / 60:g}"))


def _step(step: Mapping[str, Any] | None, reader: Reader) -> str:
    if step is None:
        return reader.say(N_("no such step"))
    who = ", ".join(_aim(written, reader) for written in step["aims"])
    said = reader.say(N_("after %(minutes)s min: %(who)s"), minutes=f"{step['after'] / 60:g}", who=who)
    if step["wants"] == 1:
        return said
    return reader.say(N_("%(step)s, %(number)s must acknowledge"), step=said, number=step["wants"])


def _aim(written: str, reader: Reader) -> str:
    kind, _colon, key = written.partition(":")
    if kind == TargetKind.ROLE.value:
        return reader.say(words_for(Role(key)))
    if kind == TargetKind.PERSON.value:
        return reader.person(int(key))
    return reader.rota(int(key))


def _rota(entry: Entry, reader: Reader, only: int | None) -> Iterator[str]:
    facts = entry.facts
    if "shift" in facts and only is None:
        yield from _shift(facts["shift"]["before"], facts["shift"]["after"], reader)
    turns = facts.get("turns", [])
    mine = [turn for turn in turns if only in (turn["before"], turn["after"])] if only is not None else []
    for turn in mine or turns:
        when = reader.span(turn["from"], turn["until"])
        change = reader.arrow(reader.who(turn["before"]), reader.who(turn["after"]))
        yield reader.say(N_("%(when)s: %(change)s"), when=when, change=change)
    if not turns and "cover" in facts:
        cover = facts["cover"]
        when = reader.span(cover["from"], cover["until"])
        yield reader.say(N_("%(when)s: %(who)s"), when=when, who=reader.who(cover["person"]))
    if facts.get("more"):
        yield reader.say(N_("Further turns that changed: %(number)s."), number=facts["more"])


def _shift(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, reader: Reader) -> Iterator[str]:
    """Each thing that a shift consists of, where it is not what it was."""
    sentences: tuple[tuple[str, Words], ...] = (
        (N_("Times: %(change)s"), _times),
        (N_("Weeks that a turn lasts: %(change)s"), _weeks),
        (N_("Order: %(change)s"), _order),
    )
    for sentence, words in sentences:
        was = words(before, reader) if before is not None else reader.say(NOTHING)
        becomes = words(after, reader) if after is not None else reader.say(NOTHING)
        if was != becomes:
            yield reader.say(sentence, change=reader.arrow(was, becomes))


def _weeks(shift: Mapping[str, Any], _reader: Reader) -> str:
    return str(shift["weeks_each"])


def _order(shift: Mapping[str, Any], reader: Reader) -> str:
    return ", ".join(reader.person(key) for key in shift["people"])


def _times(shift: Mapping[str, Any], reader: Reader) -> str:
    names = get_day_names("wide", locale=reader.locale)
    return reader.say(
        N_("%(days)s, from %(begins)s until %(ends)s %(later)s"),
        days=", ".join(str(names[day]) for day in shift["weekdays"]),
        begins=shift["begins"],
        ends=shift["ends"],
        later=later(shift["days"], reader.translate),
    )


def _request(entry: Entry, reader: Reader, _only: int | None) -> Iterator[str]:
    yield reader.say(N_("The duty: %(when)s"), when=reader.span(*entry.facts["turn"]))
    if entry.facts["return"]:
        yield reader.say(N_("In return: %(when)s"), when=reader.span(*entry.facts["return"]))
    else:
        yield reader.say(N_("In return: nothing"))


def _lapse(entry: Entry, reader: Reader, _only: int | None) -> Iterator[str]:
    yield reader.say(
        N_("%(way)s: last tested %(tested)s. It no longer counts from %(lapses)s on. Send yourself a test page."),
        way=reader.say(WAYS[ChannelKind(entry.facts["channel"])]),
        tested=reader.at(entry.facts["tested"]),
        lapses=reader.at(entry.facts["lapses"]),
    )


def _moved(entry: Entry, reader: Reader, _only: int | None) -> Iterator[str]:
    """Each deadline that an act moved; an older entry says nothing of them."""
    none = reader.say(N_("no deadline"))
    said: dict[tuple[str, str], None] = {}
    for row in entry.facts.get("deadlines", ()):
        if row["before"] != row["after"]:
            before, after = (reader.at(at) if at else none for at in (row["before"], row["after"]))
            said[reader.say(load().get(row["rule"]).title), reader.arrow(before, after)] = None
    for duty, change in said:
        yield reader.say(N_("%(duty)s: %(change)s"), duty=duty, change=change)


def _caught_up(entry: Entry, reader: Reader, _only: int | None) -> Iterator[str]:
    if entry.facts.get("stages", 1) > 1:
        yield caught_up(reader, entry.facts["stages"], entry.facts["since"])


def caught_up(reader: Reader, warnings: int, since: str) -> str:
    """That one message stands for several, which nobody sent while they were due. `since` is in ISO 8601."""
    return reader.say(
        N_("This is one message for %(number)s warnings that fell due since %(since)s, while Tocsin was not running."),
        number=warnings,
        since=reader.at(since),
    )


_LINES: Mapping[Kind, Callable[[Entry, Reader, int | None], Iterator[str]]] = MappingProxyType(
    {
        Kind.POLICY_CHANGED: _policy,
        Kind.ROTA_CHANGED: _rota,
        Kind.SWAP_ASKED: _request,
        Kind.SWAP_DECLINED: _request,
        Kind.SWAP_WITHDRAWN: _request,
        Kind.CONTACT_LAPSING: _lapse,
        **dict.fromkeys((Kind.ATTACHED, Kind.DETACHED, Kind.REOPENED, Kind.RECOUNTED), _moved),
        **dict.fromkeys((Kind.AWARE, Kind.ANCHOR_MOVED, Kind.CLOCK_STARTED), _moved),
        **dict.fromkeys((Kind.DEADLINE_NEAR, Kind.DEADLINE_PASSED), _caught_up),
    }
)
