"""What people do in a story: each act calls one verb of the domain, at the story's own time."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.installation import Installation
from incidents import answering, deciding, decisions, evidence, filing, thread, triage, workflow
from incidents.deciding import Opinion
from incidents.desk import casefile
from incidents.filing import Sent
from incidents.incident import Incident, OurRole, StillHappening, What
from incidents.intake import Arrival, Told
from incidents.people import Person
from incidents.report import Report
from incidents.steps import Step
from incidents.timeline import REPORTER, Actor, Kind, person_as_actor

ZONE = "Europe/London"


@dataclass(frozen=True)
class Scene:
    """One act's surroundings: an open write session, the story's incident, who acts, and when."""

    installation: Installation
    session: Session
    people: Mapping[str, int]
    incident_id: int
    report_id: int
    opened_at: datetime
    now: datetime

    def by(self, name: str) -> Actor:
        return person_as_actor(self.people[name])

    @property
    def incident(self) -> Incident:
        return self.session.get_one(Incident, self.incident_id)

    @property
    def report(self) -> Report:
        return self.session.get_one(Report, self.report_id)

    def steps(self) -> list[Step]:
        """Steps that are open now."""
        return [step for step in casefile(self.session, self.incident).steps if step.is_open]

    def duty(self, to: str) -> int:
        """The key of the duty whose rule or recipient begins so."""
        duties = casefile(self.session, self.incident).duties
        return next(duty.id for duty in duties if duty.rule.startswith(to) or duty.recipient.startswith(to))


Act = Callable[[Scene], object]


@dataclass(frozen=True)
class Story:
    """One incident: how long ago it was reported, what was said, and what people did so long after that.

    `kept` names the story where its receipt code is printed.
    """

    ago: timedelta
    told: Told
    acts: tuple[tuple[timedelta, Act], ...] = ()
    arrival: Callable[[Mapping[str, int], datetime], Arrival] = lambda _people, _now: Arrival()
    kept: str = ""


def looked(by: str = "ivo") -> Act:
    return lambda at: triage.look_at(at.session, at.incident_id, by=at.by(by), now=at.now)


def triaged(what: What, our_role: OurRole, reason: str, *customers: str, by: str = "dana") -> Act:
    return lambda at: triage.triage(
        at.session,
        at.incident_id,
        what,
        our_role,
        reason=reason,
        customers=customers,
        by=at.by(by),
        targets=at.installation.targets,
        now=at.now,
    )


def aware(after: timedelta, reason: str, by: str = "dana") -> Act:
    """Aware since so long after the report."""
    return lambda at: decisions.become_aware(
        at.session,
        at.incident_id,
        at.opened_at + after,
        zone=ZONE,
        reason=reason,
        by=at.by(by),
        targets=at.installation.targets,
        now=at.now,
    )


def answered(by: str = "dana", **answers: object) -> Act:
    """Answers of the assessment; `recipients__kind` is the fact `recipients.kind`."""
    given = {name.replace("__", "."): value for name, value in answers.items()}
    return lambda at: answering.answer(
        at.session, at.incident_id, given, by=at.people[by], targets=at.installation.targets, now=at.now
    )


def placed(*countries: str, by: str = "dana") -> Act:
    """The people live in these countries and nowhere else."""
    given = {"affected.countries": list(countries), "affected.complete": True}
    return lambda at: answering.tell(
        at.session, at.incident_id, given, by=at.people[by], targets=at.installation.targets, now=at.now
    )


def advised(opinion: Opinion, by: str = "dana") -> Act:
    return lambda at: deciding.advise(
        at.session,
        at.incident_id,
        opinion,
        by=at.session.get_one(Person, at.people[by]),
        targets=at.installation.targets,
        now=at.now,
    )


def contained(how_known: str, by: str = "ivo") -> Act:
    return lambda at: decisions.contain(
        at.session, at.incident_id, at.now, zone=ZONE, how_known=how_known, by=at.by(by), now=at.now
    )


def did(*keys: str, note: str = "", by: str = "ivo") -> Act:
    """These steps are done; the note goes to the first."""

    def act(at: Scene) -> None:
        for step in at.steps():
            if step.key in keys:
                words = note if step.key == keys[0] else ""
                workflow.do(at.session, step.id, by=at.by(by), done_at=at.now, zone=ZONE, note=words, now=at.now)

    return act


def left_out(key: str, reason: str, by: str = "dana") -> Act:
    def act(at: Scene) -> None:
        for step in at.steps():
            if step.key == key:
                workflow.skip(at.session, step.id, by=at.by(by), reason=reason, now=at.now)

    return act


def did_the_rest(by: str = "dana") -> Act:
    """Every step of the playbook that is still open is done."""

    def act(at: Scene) -> None:
        for step in at.steps():
            if step.obligation_id is None:
                workflow.do(at.session, step.id, by=at.by(by), done_at=at.now, zone=ZONE, now=at.now)

    return act


def noted(text: str, by: str = "ivo") -> Act:
    return lambda at: decisions.note(at.session, at.incident_id, text, by=at.by(by), now=at.now)


def corrected(text: str, kind: Kind = Kind.NOTED, by: str = "ivo") -> Act:
    """The last entry of that kind was wrong."""

    def act(at: Scene) -> None:
        wrong = [entry for entry in casefile(at.session, at.incident).entries if entry.kind is kind][-1]
        decisions.correct(at.session, wrong.id, text, by=at.by(by), now=at.now)

    return act


def asked(text: str, by: str = "ivo") -> Act:
    return lambda at: thread.ask(at.session, at.report, text, by=at.by(by), now=at.now)


def added(text: str) -> Act:
    """The reporter adds something."""
    return lambda at: thread.add(at.session, at.report, text, now=at.now)


def still_happening(answer: StillHappening) -> Act:
    """The reporter answers anew."""
    return lambda at: thread.now_happening(at.session, at.report, answer, now=at.now)


def file_added(name: str, text: str) -> Act:
    """The reporter adds a file."""

    def act(at: Scene) -> None:
        settings = at.installation.settings
        stored = evidence.put(settings.files, io.BytesIO(text.encode()), most=settings.max_file_megabytes * 1_000_000)
        evidence.add_file(at.session, at.report, stored, name, by=REPORTER, now=at.now)

    return act


def told(
    to: str, recipient: str, reference: str = "", *, reasons: str = "", before: timedelta = timedelta(minutes=10)
) -> Act:
    """A notification was sent so long before it is written down; without a reference it is awaited."""

    def act(at: Scene) -> None:
        sent = Sent(
            at=at.now - before,
            zone=ZONE,
            recipient=recipient,
            reference=reference,
            awaited=not reference,
            delay_reasons=reasons,
        )
        filing.record_sent(at.session, at.duty(to), sent, by=at.by("dana"), targets=at.installation.targets, now=at.now)

    return act


def not_told(to: str, reason: str) -> Act:
    return lambda at: filing.decide_against(at.session, at.duty(to), reason=reason, by=at.by("dana"), now=at.now)


def closed(reason: str, by: str = "dana") -> Act:
    return lambda at: decisions.close(at.session, at.incident_id, reason=reason, by=at.by(by), now=at.now)


def reopened(reason: str, by: str = "dana") -> Act:
    return lambda at: decisions.reopen(
        at.session, at.incident_id, reason=reason, by=at.by(by), targets=at.installation.targets, now=at.now
    )
