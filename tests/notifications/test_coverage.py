"""Whether each hour to come has somebody whom one fault cannot silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select

from app.installation import Installation
from incidents.incident import Urgency
from incidents.organisation import the_organisation
from incidents.people import Person, Role
from incidents.timeline import SYSTEM, Entry, Kind
from notifications.channels import ChannelKind
from notifications.contact import LONG_UNTESTED, Contact, add_contact, contacts_of, verify
from notifications.coverage import Coverage, coverage, empty_steps, sure
from notifications.escalation import EscalationPolicy, EscalationStep, EscalationTarget, TargetKind
from notifications.families import family, independent
from notifications.lapsing import lapses, untold, warn
from notifications.rota import planning
from notifications.rota.shift import Weekly
from notifications.rules import Loudness, Rule, Whom, rule_for
from tests.conftest import NOON
from tests.makers import Cast


def way(channel: ChannelKind, label: str, *, woke: bool = False, proved: bool = True, fails: bool = False) -> Contact:
    """One way, not stored."""
    return Contact(
        channel=channel,
        label=label,
        verified_at=NOON if proved else None,
        woke_at=NOON if woke else None,
        failed_at=NOON if fails else None,
    )


TELL_AFFECTED = Rule(Loudness.TELL, Whom.AFFECTED)
MAIL = way(ChannelKind.EMAIL, "dana@northwind.example")
NTFY = way(ChannelKind.APPRISE, "ntfy://ntfy.example/…", woke=True)


@pytest.mark.parametrize(
    ("label", "other", "apart"),
    [
        ("ntfy://ntfy.example/…", "ntfys://ntfy.example/…", False),
        ("ntfy://one.example/…", "ntfy://two.example/…", True),
        ("twilio://…", "twilio://…", False),
        ("twilio://…", "ntfy://ntfy.example/…", True),
        ("slack://…", "slack://…", False),
        ("ntfy://Push.example:8080/…", "gotifys://push.example/…", False),
        ("ntfy://…", "ntfys://ntfy.sh/…", False),
        ("ntfy://…", "pover://…", True),
        ("twilio://…", "vonage://…", False),
        ("msgbird://…", "pover://…", True),
        ("mailgun://mg.example/…", "sendgrid://…", False),
    ],
)
def test_ways_through_the_same_service_and_host_fail_together(label: str, other: str, apart: bool) -> None:
    assert independent([way(ChannelKind.APPRISE, label), way(ChannelKind.APPRISE, other)]) is apart


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ((ChannelKind.SMS, "+44 ••• 1"), (ChannelKind.CALL, "+44 ••• 2"), False),
        ((ChannelKind.SMS, "+44 ••• 1"), (ChannelKind.APPRISE, "plivo://…"), False),
        (
            (ChannelKind.WEBHOOK, "https://hooks.example/…"),
            (ChannelKind.WEBHOOK, "https://hooks.example:8443/…"),
            False,
        ),
        ((ChannelKind.WEBHOOK, "https://hooks.example/…"), (ChannelKind.APPRISE, "ntfys://hooks.example/…"), False),
        ((ChannelKind.WEBHOOK, "https://hooks.slack.com/…"), (ChannelKind.APPRISE, "slack://…"), False),
        ((ChannelKind.WEBHOOK, "https://one.example/…"), (ChannelKind.WEBHOOK, "https://two.example/…"), True),
        ((ChannelKind.EMAIL, "a@one.example"), (ChannelKind.EMAIL, "a@two.example"), False),
        ((ChannelKind.PUSH, "Phone"), (ChannelKind.PUSH, "Laptop"), False),
        ((ChannelKind.PUSH, "Phone"), (ChannelKind.CALL, "+44 ••• 2"), True),
    ],
)
def test_ways_of_whatever_kind_are_apart_only_with_provider_and_server(
    one: tuple[ChannelKind, str], other: tuple[ChannelKind, str], apart: bool
) -> None:
    assert independent([way(*one), way(*other)]) is apart


def test_two_mailboxes_are_one_mail_system_however_they_are_addressed() -> None:
    second = way(ChannelKind.EMAIL, "dana@other.example")
    through_apprise = way(ChannelKind.APPRISE, "mailtos://…")

    assert not independent([MAIL, second, through_apprise])
    assert family(through_apprise) == family(MAIL)


@pytest.mark.parametrize(
    ("ways", "enough"),
    [
        ([MAIL, NTFY], True),
        ([MAIL], False),
        ([NTFY], False),
        ([MAIL, way(ChannelKind.APPRISE, "ntfy://ntfy.example/…")], False),
        ([MAIL, way(ChannelKind.APPRISE, "ntfy://ntfy.example/…", woke=True, proved=False)], False),
        ([MAIL, way(ChannelKind.APPRISE, "ntfy://ntfy.example/…", woke=True, fails=True)], False),
        ([way(ChannelKind.EMAIL, "a@b.example", woke=True), way(ChannelKind.APPRISE, "slack://…")], False),
    ],
)
def test_surely_reached_wants_two_proved_ways_apart_of_which_one_wakes(ways: list[Contact], enough: bool) -> None:
    assert sure(ways, reachable=lambda _kind: True, now=NOON) is enough


def test_ways_that_were_not_tested_for_ninety_days_count_no_longer() -> None:
    def sure_after(days: int) -> bool:
        return sure([MAIL, NTFY], reachable=lambda _kind: True, now=NOON + timedelta(days=days))

    assert (sure_after(90), sure_after(91)) == (True, False)


def test_a_channel_that_is_not_set_up_counts_for_nothing() -> None:
    assert not sure([MAIL, NTFY], reachable=lambda kind: kind is not ChannelKind.EMAIL, now=NOON)


def test_the_hours_in_which_nobody_is_surely_reached_are_joined() -> None:
    found = Coverage(NOON, (True, False, False, True, False))

    assert found.gaps == [
        (NOON + timedelta(hours=1), NOON + timedelta(hours=3)),
        (NOON + timedelta(hours=4), NOON + timedelta(hours=5)),
    ]
    assert [fault.words() for fault in found.faults] == [
        "Hours of the next 14 days in which nobody has two ways that do not fail together: 3."
    ]


def test_each_hour_is_covered_by_whoever_is_on_then(installation: Installation, cast: Cast) -> None:
    begins = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
    with installation.store.writing() as session:
        dana = session.get_one(Person, cast.dana)
        phone = add_contact(session, dana, ChannelKind.APPRISE, "ntfy://ntfy.example/…", by=SYSTEM, now=NOON)
        verify(session, phone, by=SYSTEM, now=NOON)
        phone.woke_at = NOON
        tariq = session.get_one(Person, cast.tariq)
        shift_ends = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)

        def who_at(at: datetime) -> Sequence[Person]:
            return [dana] if at < shift_ends else [tariq]

        found = coverage(
            session,
            the_organisation(session),
            begins,
            10,
            who_at,
            reachable=lambda _session, _kind: True,
            now=begins,
        )
        assert len(contacts_of(session, dana.id)) == 2

    # From 18:00 on: the hand-over at half past leaves that hour without her.
    assert found.hours == (True,) * 6 + (False,) * 4
    assert found.gaps == [(datetime(2026, 11, 23, 18, tzinfo=UTC), datetime(2026, 11, 23, 22, tzinfo=UTC))]


def test_a_step_of_a_policy_that_will_ring_nobody_is_known_beforehand(installation: Installation, cast: Cast) -> None:
    """A rota with a gap from Friday evening to Monday."""
    weekdays = Weekly((0, 1, 2, 3), time(9), 1, time(9))
    with installation.store.writing() as session:
        mine = the_organisation(session)
        rota = planning.begin_rota(session, mine, name="Week", zone="Europe/London", by=SYSTEM, now=NOON)
        plan = planning.Plan("Weekdays", weekdays, [cast.dana])
        planning.add_shift(session, rota, plan, by=SYSTEM, now=NOON)
        assert empty_steps(session, mine, now=NOON) == []
        policy = EscalationPolicy(
            organisation_id=1, urgency=Urgency.URGENT, repeat_seconds=300, round_seconds=3600, changed_at=NOON
        )
        first = EscalationStep(organisation_id=1, position=0, after_seconds=0)
        first.targets.append(EscalationTarget(organisation_id=1, kind=TargetKind.ROTA, rota_id=rota.id))
        second = EscalationStep(organisation_id=1, position=1, after_seconds=900)
        second.targets.append(EscalationTarget(organisation_id=1, kind=TargetKind.ROLE, role=Role.DEPUTY))
        policy.steps += [first, second]
        session.add(policy)
        session.flush()

        (fault,) = empty_steps(session, mine, now=NOON)

    assert fault.words() == ("Steps of the policy for “urgent” that ring nobody in some hours of the next 14 days: 1.")


def test_each_hour_counts_a_test_only_until_it_is_too_old(installation: Installation, cast: Cast) -> None:
    """Dana's phone was last tested so that it counts until Thursday 12:10."""
    begins = datetime(2026, 11, 23, 12, tzinfo=UTC)
    thursday = datetime(2026, 11, 26, 12, 10, tzinfo=UTC)
    with installation.store.writing() as session:
        dana = session.get_one(Person, cast.dana)
        phone = add_contact(session, dana, ChannelKind.APPRISE, "ntfy://ntfy.example/…", by=SYSTEM, now=NOON)
        phone.verified_at = phone.woke_at = thursday - LONG_UNTESTED

        found = coverage(
            session,
            the_organisation(session),
            begins,
            5 * 24,
            lambda _at: [dana],
            reachable=lambda _session, _kind: True,
            now=begins,
        )

    assert found.gaps == [(datetime(2026, 11, 26, 12, tzinfo=UTC), datetime(2026, 11, 28, 12, tzinfo=UTC))]


def test_a_test_that_grows_too_old_is_told_once_to_its_owner_by_day(
    installation: Installation, cast: Cast, now: datetime
) -> None:
    with installation.store.writing() as session:
        mine, dana = the_organisation(session), session.get_one(Person, cast.dana)
        phone = add_contact(session, dana, ChannelKind.APPRISE, "ntfy://ntfy.example/…", by=SYSTEM, now=now)
        phone.verified_at, phone.woke_at = now, now - timedelta(days=77)
        aude = add_contact(
            session, session.get_one(Person, cast.aude), ChannelKind.APPRISE, "pover://…", by=SYSTEM, now=now
        )
        aude.verified_at = now - timedelta(days=77)

        (found,) = lapses(session, mine, now=now)
        assert (warn(session, mine, now=now), warn(session, mine, now=now + timedelta(minutes=10))) == (1, 0)
        verify(session, phone, by=SYSTEM, now=now)
        phone.woke_at = now
        assert lapses(session, mine, now=now) == [], "tested anew it counts on"

        entry = session.scalars(select(Entry).where(Entry.kind == Kind.CONTACT_LAPSING)).one()
        assert entry.facts["affected"] == [cast.dana]
        assert (found.tested_at, found.lapses_at) == (now - timedelta(days=77), now + timedelta(days=13))
        assert rule_for(entry) == TELL_AFFECTED
    with installation.store.reading() as session:
        assert not untold(session, the_organisation(session), now=now)
