"""The rows of many cases, written through Core: parents first, keys handed out here so that nothing is read back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Table, text

from app.demo.cases import RULES, ZONE, Case, Fact, seal, terms
from app.demo.insert import Insert
from incidents.filing import Filing
from incidents.incident import Incident, OurRole, StillHappening, Urgency, new_codename, new_reference
from incidents.obligations import OPEN, Obligation, Standing
from incidents.report import Medium, Relation, Report
from incidents.steps import StepState, playbook
from incidents.timeline import NOT_ENCRYPTED, Entry, Prose, Timeline
from notifications.page import Acknowledgement, Page, PageEntry

_KEYED = (Timeline, Incident, Entry, Obligation, Page)

_LATER = "strftime('%Y-%m-%d %H:%M:%f000', opened_at, '+{hours} hours')"
# The steps are half of all rows and the same for each incident: the database copies them out by itself. Open
# incidents have had theirs as well: what is left to do is the law's.
_STEP = (
    "INSERT INTO step (organisation_id, incident_id, playbook, key, lane, position, title, why, owner, due_at, state, "
    "settled_at, version) SELECT organisation_id, id, 'general', :key, :lane, :position, :title, :why, :owner, {due}, "
    ":state, triaged_at, 1 FROM incident WHERE id > :before"
)


class Rows:
    """Turns cases into rows, a batch at a time: parents first, for their keys."""

    def __init__(self, connection: Connection, organisation_id: int, person_id: int) -> None:
        self._connection = connection
        self._organisation_id = organisation_id
        self._person_id = person_id
        self._taken = set(connection.scalars(text("SELECT reference FROM incident")))
        self._last = {kind.__tablename__: self._highest(kind.__tablename__) for kind in _KEYED}
        self._first = self._last[Incident.__tablename__]
        self._inserts: dict[Table, Insert] = {}

    def add(self, cases: Sequence[Case]) -> None:
        self._name(cases)
        timelines = self._keys(Timeline, [self._timeline(case) for case in cases])
        incidents = self._keys(
            Incident, [self._incident(case, key) for case, key in zip(cases, timelines, strict=True)]
        )
        facts = [
            (case, fact, timeline, incident)
            for case, timeline, incident in zip(cases, timelines, incidents, strict=True)
            for fact in case.facts
        ]
        entries = self._keys(Entry, [self._entry(fact, timeline, key) for _case, fact, timeline, key in facts])
        first = {key: entry for (_c, fact, _t, key), entry in zip(facts, entries, strict=True) if fact.seq == 1}
        self._put(
            Prose,
            [
                {"entry_id": entry, "field": name, "text": text, "salt": fact.salts[name], "key_id": NOT_ENCRYPTED}
                for (_case, fact, _timeline, _key), entry in zip(facts, entries, strict=True)
                for name, text in fact.prose.items()
            ],
        )
        self._put(Report, [self._report(case, key, first[key]) for case, key in zip(cases, incidents, strict=True)])
        told = {(key, fact.facts.get("rule")): entry for (_c, fact, _t, key), entry in zip(facts, entries, strict=True)}
        self._duties(cases, incidents, told)
        self._pages(cases, incidents, first)

    def _name(self, cases: Sequence[Case]) -> None:
        """Facts name the incident and its duties, and the hash covers that: so these names are given before any row."""
        key = self._last[Obligation.__tablename__]
        for case in cases:
            # Among a hundred thousand random references a few are the same.
            while case.reference in self._taken:
                case.reference = new_reference()
            self._taken.add(case.reference)
            case.facts[0].facts["reference"] = case.reference
            named = {}
            for duty in case.duties:
                key += 1
                named[duty["rule"]] = key
            for fact in case.facts:
                if "rule" in fact.facts:
                    fact.facts["obligation"] = named[fact.facts["rule"]]
            seal(case)

    def _keys(self, kind: Any, rows: list[dict[str, Any]]) -> Sequence[int]:
        table: Table = kind.__table__
        first = self._last[table.name] + 1
        keys = range(first, first + len(rows))
        for key, row in zip(keys, rows, strict=True):
            row["id"] = key
        self._last[table.name] = first + len(rows) - 1
        self._put(kind, rows)
        return keys

    def _put(self, kind: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            table: Table = kind.__table__
            self._owned(rows)
            if table not in self._inserts:
                self._inserts[table] = Insert(self._connection, table, rows[0].keys())
            self._inserts[table].run(rows)

    def _highest(self, table: str) -> int:
        return int(self._connection.scalar(text(f"SELECT coalesce(max(id), 0) FROM {table}")) or 0)  # noqa: S608

    def finish(self) -> None:
        """Give the new incidents their steps, and let PostgreSQL hand out later keys than those used here."""
        postgresql = self._connection.dialect.name == "postgresql"
        for position, step in enumerate(playbook("general")):
            hours = int(step.target.total_seconds() // 3600) if step.target else 0
            due = f"opened_at + interval '{hours} hours'" if postgresql else _LATER.format(hours=hours)
            planned = {
                "position": position,
                "key": step.key,
                "lane": step.lane.value,
                "title": step.title,
                "why": step.why,
                "owner": step.owner.value,
                "state": StepState.DONE.value,
                "before": self._first,
            }
            self._connection.execute(text(_STEP.format(due=due)), planned)
        for table, last in self._last.items() if postgresql else ():
            if last:
                self._connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"), {"table": table, "last": last}
                )

    def _owned(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["organisation_id"] = self._organisation_id

    def _timeline(self, case: Case) -> dict[str, Any]:
        return {"token": case.token, "head_seq": len(case.facts), "head_hash": case.facts[-1].hash}

    def _incident(self, case: Case, timeline: int) -> dict[str, Any]:
        due = [duty["due_at"] for duty in case.duties if duty["standing"] in OPEN]
        title = terms(RULES[0])["title"]
        return {
            "timeline_id": timeline,
            "reference": case.reference,
            "token": secrets.token_hex(16),
            "codename": new_codename(),
            "opened_at": case.opened_at,
            "zone": ZONE,
            "urgency": Urgency.SOON,
            "still_happening": StillHappening.NO,
            "what": case.what,
            "our_role": OurRole.CONTROLLER,
            "handler_id": self._person_id,
            "first_step_at": case.facts[1].happened_at,
            "triaged_at": case.facts[1].happened_at,
            "closed_at": case.closed_at,
            "aware_at": case.aware_at,
            "next_due_at": min(due, default=None),
            "next_act": title if due else None,
            "next_is_law": bool(due),
            "law_due_at": min(due, default=None),
            "restricted": False,
            "drill": False,
            "canary": False,
            "version": 1,
        }

    def _entry(self, fact: Fact, timeline: int, incident: int) -> dict[str, Any]:
        return {
            "timeline_id": timeline,
            "incident_id": incident,
            "seq": fact.seq,
            "kind": fact.kind,
            "happened_at": fact.happened_at,
            "zone": fact.zone,
            "written_at": fact.written_at,
            "by": fact.by,
            "person_id": fact.person_id,
            "facts": fact.facts,
            "previous": fact.previous,
            "hash": fact.hash,
            "hash_version": fact.hash_version,
            "canonical": fact.canonical,
        }

    def _report(self, case: Case, incident: int, entry: int) -> dict[str, Any]:
        return {
            "incident_id": incident,
            "first_incident_id": incident,
            "entry_id": entry,
            "received_at": case.opened_at,
            "noticed_counts": False,
            "zone": ZONE,
            "medium": Medium.WEB,
            "relation": Relation.STAFF,
            "still_happening": StillHappening.NO,
            "code_digest": secrets.token_hex(32),
            "version": 1,
        }

    def _duties(self, cases: Sequence[Case], incidents: Sequence[int], told: dict[tuple[int, Any], int]) -> None:
        pairs = [(key, duty) for case, key in zip(cases, incidents, strict=True) for duty in case.duties]
        keys = self._keys(Obligation, [{**duty, "incident_id": key} for key, duty in pairs])
        self._put(
            Filing,
            [
                {
                    "incident_id": key,
                    "obligation_id": obligation,
                    "entry_id": told[key, duty["rule"]],
                    "sent_at": duty["settled_at"],
                    "zone": ZONE,
                    "recipient": "Supervisory authority",
                    "reference": f"NW-{obligation}",
                    "late": duty["settled_at"] > duty["due_at"],
                    "delay_explained": True,
                    "version": 1,
                }
                for (key, duty), obligation in zip(pairs, keys, strict=True)
                if duty["standing"] is Standing.MET
            ],
        )

    def _pages(self, cases: Sequence[Case], incidents: Sequence[int], first: dict[int, int]) -> None:
        pages = self._keys(Page, [self._page(case) for case in cases])
        rows = list(zip(cases, incidents, pages, strict=True))
        self._put(
            PageEntry,
            [
                {
                    "page_id": page,
                    "entry_id": first[key],
                    "incident_id": key,
                    "rang_at": case.opened_at,
                    "answered_at": case.facts[1].happened_at,
                }
                for case, key, page in rows
            ],
        )
        self._put(
            Acknowledgement,
            [
                {
                    "page_id": page,
                    "person_id": self._person_id,
                    "by_link": False,
                    "through_entry_id": first[key],
                    "at": case.taken_at,
                    "until": case.taken_at + timedelta(minutes=20),
                }
                for case, key, page in rows
            ],
        )

    def _page(self, case: Case) -> dict[str, Any]:
        return {
            "token": secrets.token_hex(16),
            "codename": "Tocsin",
            "loudness": 0,
            "alone": False,
            "drill": False,
            "opened_at": case.opened_at,
            "round": 1,
            "round_at": case.opened_at,
            "step": 0,
            "rang_at": case.opened_at,
            "ended_at": case.facts[1].happened_at,
        }
