"""A small organisation in which everything has happened once: what the guards walk through."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import setup_link
from app.installation import Installation
from app.watch import Watch
from incidents import accounts, assessments, decisions, evidence, filing, thread, triage, workflow
from incidents.deciding import Opinion, advise, decide
from incidents.delegating import delegate
from incidents.describing import keep_contract
from incidents.filing import Filing, Sent
from incidents.incident import Access, Incident, OurRole, Part, StillHappening, What
from incidents.law.assessment import Says
from incidents.law.profile import Contract
from incidents.obligations import OPEN, Obligation, Targets
from incidents.organisation import the_organisation
from incidents.people import Person, Role
from incidents.report import Relation, Report
from incidents.steps import Step, StepState
from incidents.timeline import SYSTEM, Entry, Kind, person_as_actor
from notifications import canary, contact, drills, welcome
from notifications.channels import ChannelKind, Outcome, Verdict
from notifications.channels.push_subscription import ENDED, Reach, Subscription
from notifications.delivery import Purpose, queue
from notifications.page import PageEntry
from notifications.rota import asking, cover, feed, planning
from notifications.rota.duty import duties
from notifications.rota.planning import Plan
from notifications.rota.shift import Weekly
from tests.makers import Cast, make_cast
from tests.nights.night import Night
from tests.plumbing.push import Browser

SECRET = "Zubenelgenubi"
"""What the reporter of the restricted incident wrote: nobody else may ever see it."""

WORDS = {
    "data": "Payslips",
    "whose": "Colleagues",
    "how_many": "Forty",
    "where": "Leeds",
    "not_for": "Morgan",
    "contact": "rosa@northwind.example",
    "noticed_typed": "last Tuesday",
}
ZONE = "Europe/London"


@dataclass(frozen=True)
class Filled:
    """What there is. `stranger` has an account and no role; `invitation` is the token of an open one."""

    people: Mapping[str, int]
    incidents: Mapping[str, str]
    invitation: str
    setup: str
    codes: Mapping[str, str]


class Story:
    """Tells what happened, a hundred hours of it, on the clock of a night."""

    def __init__(self, house: Installation, *, now: datetime) -> None:
        self.house, self.until = house, now
        self.cast: Cast = make_cast(house, now=now - timedelta(hours=110))
        self.night = Night(house, now - timedelta(hours=105))
        self.reports: dict[str, Report] = {}
        self.codes: dict[str, str] = {}
        self.dana = person_as_actor(self.cast.dana)
        self.ivo = person_as_actor(self.cast.ivo)

    def report(self, name: str, what: str, **told: object) -> int:
        """A report comes in; the key of its incident."""
        receipt = self.night.report(what, **told)
        self.reports[name], self.codes[name] = receipt.report, receipt.code
        return receipt.report.incident_id

    def act(self, verb: Callable[..., object], *given: object, **named: object) -> None:
        self.night.act(verb, *given, **named)

    def later(self, at: datetime) -> None:
        """Let time pass in one leap: a page that rings meanwhile rings once, which is enough here and quick."""
        self.night.now = at
        self.night.engine.wake()
        self.night.engine.catch_up()

    def duties(self, incident_id: int) -> list[int]:
        with self.house.store.reading() as session:
            open_ones = Obligation.standing.in_(OPEN)
            return list(session.scalars(select(Obligation.id).where(Obligation.incident_id == incident_id, open_ones)))

    def open_steps(self, incident_id: int) -> list[int]:
        with self.house.store.reading() as session:
            still = (Step.incident_id == incident_id, Step.state == StepState.OPEN)
            return list(session.scalars(select(Step.id).where(*still).order_by(Step.position)))


def fill(house: Installation, *, now: datetime) -> Filled:
    """Fill an empty installation through the domain's verbs, up to `now`."""
    story = Story(house, now=now)
    grave = _a_grave_one(story)
    _a_closed_one(story)
    _one_that_is_nothing(story)
    _one_that_moved(story, grave)
    _a_restricted_one(story)
    story.later(now - timedelta(hours=5))
    _sent_too_late(story, grave)
    _one_that_is_assessed(story, grave)
    story.later(now)
    _a_rota(story)
    story.report("ringing", "The door of the archive stands open", still_happening=StillHappening.YES)
    people, invitation = _people(story)
    return Filled(people, _references(story), invitation, _setup_link(house), story.codes)


def _a_grave_one(story: Story) -> int:
    """It has come all the way but for the filing."""
    night, noticed = story.night, story.night.now - timedelta(hours=90)
    told = {"words": WORDS, "relation": Relation.STAFF, "noticed_at": noticed, "occurred_at": noticed, "zone": ZONE}
    grave = story.report("grave", "Payslips went to the wrong list", still_happening=StillHappening.YES, **told)
    story.later(night.now + timedelta(minutes=4))
    night.tap("dana")
    targets = story.house.targets
    story.act(triage.look_at, grave, by=story.ivo)
    kind = {"reason": "Names and salaries", "customers": ["Fathom Mills", "Holm Yarns"]}
    story.act(triage.triage, grave, What.PERSONAL_DATA_BREACH, OurRole.BOTH, by=story.dana, targets=targets, **kind)
    story.later(night.now + timedelta(hours=1))
    aware = {"zone": ZONE, "reason": "The list was confirmed"}
    story.act(decisions.become_aware, grave, night.now - timedelta(minutes=20), by=story.dana, targets=targets, **aware)
    story.act(decisions.contain, grave, night.now, zone=ZONE, how_known="The list is deleted", by=story.ivo)
    _work(story, grave)
    _talk(story, story.reports["grave"])
    return grave


def _work(story: Story, incident_id: int) -> None:
    """Steps done, left out and opened again; a note that was wrong."""
    first, second, third, *_rest = story.open_steps(incident_id)
    story.act(workflow.do, first, by=story.ivo, done_at=story.night.now, zone=ZONE, note="Logs are kept")
    story.act(workflow.skip, second, by=story.ivo, reason="There is no other clock")
    story.act(workflow.do, third, by=story.ivo, done_at=story.night.now, zone=ZONE)
    story.act(workflow.reopen_step, third, by=story.ivo, reason="Not quite")
    with story.house.store.writing() as session:
        wrong = decisions.note(session, incident_id, "Thirty people", by=story.ivo, now=story.night.now)
        decisions.correct(session, wrong.id, "Forty people", by=story.dana, now=story.night.now)


def _talk(story: Story, report: Report) -> None:
    """A question, an answer, a file."""
    story.act(thread.ask, report, "Was it sealed?", by=story.ivo)
    story.act(thread.add, report, "It was not")
    stored = evidence.put(story.house.settings.files, io.BytesIO(b"a file of some bytes" * 100), most=10_000)
    with story.house.store.writing() as session:
        again = session.get_one(Report, report.id)
        evidence.add_file(session, again, stored, "list.txt", by=story.ivo, now=story.night.now)
    story.act(thread.now_happening, report, StillHappening.NO)


def _a_closed_one(story: Story) -> None:
    closed = story.report("closed", "A bag was left on the train", still_happening=StillHappening.NO)
    targets = story.house.targets
    kind = (What.PERSONAL_DATA_BREACH, OurRole.CONTROLLER)
    story.act(triage.triage, closed, *kind, reason="Found again", by=story.dana, targets=targets)
    for duty in story.duties(closed):
        story.act(filing.decide_against, duty, reason="It was never opened", by=story.dana)
    story.act(decisions.close, closed, reason="It came back sealed", by=story.dana)


def _one_that_is_nothing(story: Story) -> None:
    nothing = story.report("nothing", "The printer hums", still_happening=StillHappening.UNKNOWN)
    kind = (What.NOTHING, OurRole.UNKNOWN)
    story.act(triage.triage, nothing, *kind, reason="Printers hum", by=story.dana, targets=story.house.targets)


def _one_that_moved(story: Story, target: int) -> None:
    """A report that belongs to another incident; its own is left empty."""
    story.report("moved", "I got a payslip that is not mine")
    story.act(triage.attach, story.reports["moved"], target, by=story.dana, targets=story.house.targets)


def _one_that_is_assessed(story: Story, incident_id: int) -> None:
    """Advised on, decided below the advice, and delegated: it waits for a second person."""
    known = {"nature": ["confidentiality"], "exposure": "confirmed", "data": ["basic"], "protection": "none"}
    story.act(assessments.answer, incident_id, known, by=story.cast.dana)
    leaves_out = Opinion(
        Says.NOTIFY, Says.NOT_REQUIRED, "Names alone", "A list of names is out.", "Ivo would tell them"
    )
    with story.house.store.writing() as session:
        dana, mina = session.get_one(Person, story.cast.dana), session.get_one(Person, story.cast.mina)
        house: dict[str, Any] = {"targets": story.house.targets, "now": story.night.now}
        version = advise(session, incident_id, leaves_out, by=dana, **house)
        decide(session, incident_id, version.id, leaves_out, by=mina, **house)
        given: dict[str, Any] = {"incident_id": None, "until": story.night.now + timedelta(days=900), "reason": "Leave"}
        delegate(session, the_organisation(session), dana, **given, by=mina, now=story.night.now)


def _a_restricted_one(story: Story) -> None:
    """Only Ivo is named on it."""
    hidden = story.report("restricted", SECRET, words={"where": SECRET})
    with story.house.store.writing() as session:
        incident = session.get_one(Incident, hidden)
        incident.restricted = True
        named = Access(incident_id=hidden, person_id=story.cast.ivo, granted_at=story.night.now)
        named.organisation_id = incident.organisation_id
        session.add(named)
    story.act(triage.look_at, hidden, by=story.ivo)


def _sent_too_late(story: Story, incident_id: int) -> None:
    """One filing after the deadline, without its reference and without reasons."""
    sent = Sent(at=story.night.now, zone=ZONE, recipient="The authority", awaited=True)
    story.act(
        filing.record_sent, story.duties(incident_id)[0], sent, by=story.dana, targets=story.night.installation.targets
    )


def _a_rota(story: Story) -> None:
    """Weeks with a gap in them, somebody who stands in, and addresses for calendar programs."""
    now, by = story.until, person_as_actor(story.cast.dana)
    working = Weekly((0, 1, 2, 3, 4), time(9), 1, time(6))
    with story.house.store.writing() as session:
        rota = planning.begin_rota(
            session, the_organisation(session), name="First line", zone=ZONE, by=by, now=now - timedelta(hours=2)
        )
        plan = Plan("Days", working, [story.cast.dana, story.cast.tariq])
        planning.add_shift(session, rota, plan, by=by, now=now - timedelta(hours=1))
        cover.override(session, rota, story.cast.ivo, now, now + timedelta(hours=30), by=by, now=now)
        dana = session.get_one(Person, story.cast.dana)
        feed.new_own_feed(session, dana, now=now)
        days = duties(session, rota.id, now, now + timedelta(days=30))
        planned = [(duty.begins_at, duty.person) for duty in days if duty.person and duty.begins_at > now]
        own_at = next(at for at, person in planned if person is dana)
        back_at, other = next((at, person) for at, person in planned if person is not dana)
        asking.ask(session, rota, dana, other.id, own_at, back_at, by=by, now=now)


def _people(story: Story) -> tuple[dict[str, int], str]:
    """The cast, a stranger, a way that fails, an open invitation, and messages that reached nobody."""
    house, now, cast = story.house, story.until, story.cast
    with house.store.writing() as session:
        organisation = the_organisation(session)
        given = {"name": "Stranger", "email": "stranger@northwind.example", "roles": [Role.AUDITOR]}
        stranger = accounts.add_person(session, organisation, **given, now=now)  # type: ignore[arg-type]
        accounts.revoke(session, stranger, Role.AUDITOR, by=SYSTEM, now=now)
        mina = session.get_one(Person, cast.mina)
        phone = contact.add_contact(session, mina, ChannelKind.APPRISE, "pover://…", by=SYSTEM, now=now)
        phone.sealed = house.keyring.seal("pover://user@token")
        aude, browser = session.get_one(Person, cast.aude), Browser()
        subscription = Subscription.given("https://push.example/x", **browser.keys, key="kept", reach=Reach())
        sealed = house.keyring.seal(subscription.written())
        pushed = contact.add_contact(session, aude, ChannelKind.PUSH, "Phone", sealed=sealed, by=SYSTEM, now=now)
        pushed.failed_at, pushed.failure = now, Outcome.because(Verdict.NEVER, ENDED, gone=True).kept
        kind = {"name": "Nora", "email": "nora@northwind.example", "roles": [Role.RESPONDER]}
        by = person_as_actor(cast.adam)
        nora = welcome.welcome(session, organisation, **kind, keyring=house.keyring, by=by, now=now)  # type: ignore[arg-type]
        token = accounts.invite_again(session, nora, by=by, now=now)
        queue(session, contact.contacts_of(session, cast.dana)[0], Purpose.TEST, now=now)
        for taken in session.scalars(select(Entry).where(Entry.kind.in_((Kind.TAKEN, Kind.LOOKED_AT)))).all()[:4]:
            page = session.scalars(select(PageEntry.page_id).where(PageEntry.incident_id == taken.incident_id)).first()
            queue(session, pushed, Purpose.CLEAR, page_id=page, entry_id=taken.id, now=now)
        people = {name: int(getattr(cast, name)) for name in ("dana", "tariq", "mina", "ivo", "aude", "adam")}
        people["stranger"] = stranger.id
        drills.begin_now(session, session.get_one(Person, cast.tariq), now=now)
        keep_contract(session, organisation, Contract("Fathom Mills", 24), by=SYSTEM, targets=Targets(), now=now)
        missed = canary.plan(session, organisation, now=now)
        missed.planned_at = missed.started_at = now - timedelta(hours=4)
        canary.give_up(session, missed.id, targets=house.targets, now=now)
    Watch(house, house.store.wake, clock=lambda: now).look()
    house.engine().tick(now)
    return people, token


def _references(story: Story) -> dict[str, str]:
    with story.house.store.reading() as session:
        first = {name: report.first_incident_id for name, report in story.reports.items()}
        return {name: session.get_one(Incident, key).reference for name, key in first.items()}


def _setup_link(house: Installation) -> str:
    """The token of a set-up link, as if set-up had not been done."""
    with house.store.reading() as session:
        organisation = the_organisation(session)
        session.expunge(organisation)
    organisation.set_up_at = None
    link = setup_link.ensure(house.settings, organisation, "http://localhost:8000") or ""
    return link.rpartition("/")[2]


Keys = Callable[[Session, Incident], list[int]]


def _of(kind: type[Step] | type[Obligation] | type[Filing] | type[Report] | type[Part]) -> Keys:
    def keys(session: Session, incident: Incident) -> list[int]:
        return list(session.scalars(select(kind.id).where(kind.incident_id == incident.id).order_by(kind.id)))

    return keys


KEYS: Mapping[str, Keys] = {
    "steps": _of(Step),
    "filing.complete": _of(Filing),
    "filing.record_complete": _of(Filing),
    "filing": _of(Obligation),
    "thread": _of(Report),
    "triage": _of(Report),
    "anchors": _of(Obligation),
    "parts": _of(Part),
}
"""What `<int:key>` is the key of, by endpoint or by blueprint."""
