"""Would a page reach a person: now, and in every hour of the next two weeks; what watches, and what was red before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer
from wtforms import RadioField

from app import outlook
from app.access import by_me, me, requires
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.navigation import Unpageable, installation, organisation, unpageable
from app.places import option
from incidents import settings as web
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import Person, Right
from notifications import canary, coverage, drills, watchdog
from notifications.auditor import left_lying
from notifications.channel_health import channel_health, oldest_waiting
from notifications.channels import ChannelKind
from notifications.contact import contacts_of_all
from notifications.counted_on import missed_people
from notifications.deciders import no_decider
from notifications.ladder import ladder
from notifications.lapsing import lapses
from notifications.readiness import STALE, beat_age
from notifications.scorecard import last_drills, scorecard
from notifications.spells import RedSpell, Source, history, lasting

pages = Blueprint("readiness", __name__)

EVERY = {0: _l("Never"), 7: _l("Each week"), 14: _l("Every two weeks"), 30: _l("Each month")}


class DrillsForm(FlaskForm):
    """How often each person on duty is drilled."""

    every = RadioField(
        _l("Drill each person on duty"),
        choices=[option(str(days), words) for days, words in EVERY.items()],
        validate_choice=False,
    )


@pages.get("/readiness")
@requires(Right.SEE_READINESS)
def readiness() -> Response:
    """All of it, found anew. Changes nothing."""
    house, session, now = installation(), read_session(), utcnow()
    mine = organisation()
    people = ladder(session, mine.id, now=now).people
    on = coverage.on_duty(session, mine, now=now)
    hours = coverage.DAYS * 24
    ahead = coverage.coverage(session, mine, now, hours, on, reachable=house.reachable, now=now)
    every = (web.value_of(session, drills.SETTING) or {}).get("every_days", 0)
    back = lasting(session, mine.id, Source.MAILBOX)
    page = render_template(
        "readiness/readiness.html",
        causes=unpageable() + _lying(session, now) + _empty(session, now) + _back(back),
        holders=outlook.holders(session, people, _surely(session, people, now), last_drills(session, mine.id), now=now),
        hours=outlook.HOURS,
        days=outlook.days(ahead),
        gaps=outlook.gaps(ahead),
        lapses=outlook.lapsing(lapses(session, mine, now=now)),
        channels=[
            outlook.channel(health, house.reachable(session, health.channel))
            for health in channel_health(session, mine.id)
        ],
        beat=outlook.beat(beat_age(session, now=now), stale=STALE),
        waiting=outlook.waiting(oldest_waiting(session, mine.id, now=now), now=now),
        canary=outlook.canary(canary.latest(session, mine.id, now=now), house.settings, now=now),
        dog=outlook.dog(watchdog.last_ping(session, mine.id), house.settings),
        mailbox=outlook.mailbox(
            house.mailbox_said,
            back,
            address=house.return_address(session) is not None,
            read=house.mailbox(session) is not None,
        ),
        spells=outlook.spells(history(session, mine.id), now=now),
        scores=outlook.scores(scorecard(session, mine.id, now=now)),
        drilled=EVERY.get(every, EVERY[0]),
        may_configure=Right.CONFIGURE in me().rights,
        form=DrillsForm(None, data={"every": str(every)}) if _may_choose() else None,
    )
    return make_response(page)


@pages.post("/readiness/drills")
@requires(Right.CONFIGURE, Right.DECIDE)
def set_drills() -> Answer:
    """Choose how often people are drilled; what was planned is planned anew within a minute."""
    form, now = DrillsForm(), utcnow()
    days = next((days for days in EVERY if str(days) == form.every.data), None)
    if days is None:
        flash(_("Choose how often."), "warning")
        return redirect(url_for("readiness.readiness"), code=303)
    with installation().store.writing() as session:
        value = {"every_days": days} if days else None
        web.change(session, the_organisation(session), drills.SETTING, value, by=by_me(), now=now)
    flash(_("Saved."), "good")
    return redirect(url_for("readiness.readiness"), code=303)


def _may_choose() -> bool:
    return bool(me().rights & {Right.CONFIGURE, Right.DECIDE})


def _lying(session: Session, now: datetime) -> list[Unpageable]:
    """What the auditor finds at this moment."""
    if installation().settings.demo:
        return []
    return [Unpageable(_("Auditor"), fault.words(_), None) for fault in left_lying(session, now=now)]


def _empty(session: Session, now: datetime) -> list[Unpageable]:
    """Nobody to decide, people still planned who can no longer be rung, and steps that would soon ring nobody."""
    url = url_for("policy.policy") if Right.PLAN_ROTA in me().rights else None
    mine = organisation()
    people = url_for("people.people") if Right.CONFIGURE in me().rights else None
    undecidable = [Unpageable(_("Decisions"), fault.words(_), people) for fault in no_decider(session, mine, now=now)]
    rota = url_for("rota.rota") if Right.PLAN_ROTA in me().rights else None
    gone = missed_people(session, mine, now=now)
    return [*undecidable, *(Unpageable(fault.person or "", fault.words(_), rota) for fault in gone)] + [
        Unpageable(_("Paging"), fault.words(_), url) for fault in coverage.empty_steps(session, mine, now=now)
    ]


def _back(reds: Sequence[RedSpell]) -> list[Unpageable]:
    """That mail which comes back is not noticed: its mailbox cannot be read."""
    url = url_for("bounces.settings") if Right.CONFIGURE in me().rights else None
    return [Unpageable(_("Mail that comes back"), red.words(_), url) for red in reds]


def _surely(session: Session, people: Sequence[Person], now: datetime) -> dict[int, bool]:
    open_kinds = {kind: installation().reachable(session, kind) for kind in ChannelKind}
    contacts = contacts_of_all(session, [person.id for person in people])
    return {
        person_id: coverage.sure(ways, reachable=open_kinds.__getitem__, now=now)
        for person_id, ways in contacts.items()
    }
