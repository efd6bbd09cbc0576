"""Nights on which somebody is rung, does not answer, answers, and forgets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.installation import Installation
from incidents import decisions, thread, triage, workflow
from incidents.incident import OurRole, StillHappening, What
from incidents.refusals import Refused
from incidents.report import Report
from incidents.timeline import Kind, person_as_actor
from tests.makers import Cast
from tests.nights.conftest import TWO
from tests.nights.night import DOWN, GONE, Night, leave


def test_an_unacknowledged_page_rings_the_dpo_every_five_minutes(night: Night) -> None:
    night.report()

    night.wait(minutes=14)

    assert night.minutes("dana") == [0, 5, 10]
    assert night.minutes("tariq") == []


def test_an_unacknowledged_page_rings_the_deputy_after_fifteen_minutes_and_management_after_thirty(
    night: Night,
) -> None:
    night.report()

    night.wait(minutes=36)

    assert night.minutes("dana") == [0, 5, 10, 15, 20, 25, 30, 35]
    assert night.minutes("tariq") == [15, 20, 25, 30, 35]
    assert night.minutes("mina") == [30, 35]


def test_after_an_hour_it_comes_round_again_and_nobody_is_let_off(night: Night) -> None:
    night.report()

    night.wait(minutes=71)

    assert night.minutes("dana")[11:] == [55, 60, 65, 70]
    assert night.minutes("mina")[5:] == [55, 60, 65, 70]
    (page,) = night.pages()
    assert page.round == 2


def test_a_link_quiets_the_page_and_the_others_are_told(night: Night) -> None:
    night.report()
    night.wait(minutes=16)

    night.tap("dana")
    night.wait(minutes=19)

    assert night.minutes("dana")[-1] == night.minutes("tariq")[-1] == 15
    assert night.minutes("tariq", "tell") == [16]
    assert night.minutes("dana", "tell") == []
    assert night.minutes("mina", "tell") == []  # nobody had rung Mina


def test_a_quieted_page_rings_everybody_again_without_a_first_step(night: Night) -> None:
    receipt = night.report()
    night.wait(minutes=6)
    night.tap("dana")

    night.wait(minutes=25)

    assert [night.minutes(who, since=TWO + timedelta(minutes=7)) for who in ("dana", "tariq", "mina")] == [
        [19, 24],
        [19, 24],
        [19, 24],
    ]
    assert Kind.RINGS_AGAIN in night.entries(receipt.report.incident_id)


def first_steps() -> dict[str, object]:
    def look(night: Night, report: Report, dana: int) -> None:
        night.act(triage.look_at, report.incident_id, by=person_as_actor(dana))

    def say(night: Night, report: Report, dana: int) -> None:
        night.act(
            triage.triage,
            report.incident_id,
            What.PERSONAL_DATA_BREACH,
            OurRole.CONTROLLER,
            reason="Names were on it.",
            by=person_as_actor(dana),
            targets=night.installation.targets,
        )

    def ask(night: Night, report: Report, dana: int) -> None:
        night.act(thread.ask, report, "Was it encrypted?", by=person_as_actor(dana))

    return {"look_at": look, "triage": say, "ask": ask}


@pytest.mark.parametrize("step", ["look_at", "triage", "ask"])
def test_a_signed_in_first_step_ends_the_page(night: Night, cast: Cast, step: str) -> None:
    receipt = night.report()
    night.wait(minutes=6)
    night.tap("dana")

    first_steps()[step](night, receipt.report, cast.dana)  # type: ignore[operator]
    night.wait(step=300, hours=3)

    assert night.minutes("dana")[-1] == 5
    (page,) = night.pages()
    assert page.ended_at == TWO + timedelta(minutes=6)


def test_a_first_step_without_an_acknowledgement_ends_the_page_too(night: Night, cast: Cast) -> None:
    receipt = night.report()

    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    night.wait(minutes=30)

    assert night.minutes("dana") == [0]


def test_a_second_tap_and_a_second_person_change_nothing_and_see_who_has_it(night: Night, cast: Cast) -> None:
    night.report()
    night.wait(minutes=16)
    first = night.tap("dana")

    again, other = night.tap("dana"), night.tap("tariq")

    assert again.id == other.id == first.id
    assert other.person_id == cast.dana
    (page,) = night.pages()
    assert len(page.acknowledgements) == 1
    assert page.quiet_until == TWO + timedelta(minutes=36)
    assert night.minutes("tariq", "tell") == [16]


def test_an_acknowledgement_covers_only_what_was_shown(night: Night) -> None:
    night.report("The first")
    shown = night.pages()[0].entries[-1].entry_id
    night.report("The second")

    night.tap("dana", shown=shown)
    night.wait(minutes=6)

    quiet, loud = night.pages()
    assert (len(quiet.entries), len(loud.entries)) == (1, 1)
    assert night.minutes("dana") == [0, 0, 5]  # at once for the second, then on
    assert loud.quiet_until is None


def test_a_button_that_was_shown_nothing_is_refused_and_stops_nothing(night: Night) -> None:
    night.report()

    with pytest.raises(Refused, match="Load it again"):
        night.tap("dana", shown=0)
    night.wait(minutes=5)

    assert night.minutes("dana") == [0, 5]


def test_a_report_after_the_acknowledgement_rings_anew(night: Night) -> None:
    night.report("The first")
    night.wait(minutes=1)
    night.tap("dana")

    night.report("The second")

    assert night.minutes("dana") == [0, 1]
    assert len(night.pages()) == 2


def test_without_a_dpo_the_deputy_is_rung_at_once(night: Night, installation: Installation) -> None:
    leave(installation, "dana", now=TWO)

    night.report()

    assert night.minutes("tariq") == [0]


def test_a_dpo_without_any_way_to_be_reached_is_passed_over_at_once(night: Night, cast: Cast) -> None:
    from notifications.contact import contacts_of, remove_contact

    with night.installation.store.writing() as session:
        for contact in contacts_of(session, cast.dana):
            remove_contact(session, contact, by=person_as_actor(cast.adam), now=TWO)

    night.report()

    assert night.minutes("tariq") == [0]


def test_whoever_leaves_while_a_ring_waits_does_not_get_it(night: Night, installation: Installation) -> None:
    night.phone.answers["dana"] = DOWN
    night.report()
    leave(installation, "dana", now=TWO)
    night.phone.answers.clear()

    night.wait(minutes=6)

    assert night.minutes("dana") == []
    assert night.minutes("tariq") == [5]


def test_a_number_that_does_not_exist_makes_it_climb_at_once(night: Night) -> None:
    night.phone.answers["dana"] = GONE
    night.report()

    night.wait(minutes=14)

    assert night.minutes("tariq") == [0, 5, 10]
    assert night.minutes("mina") == []
    assert night.phone.tries == 3 + 3, "the dead number is tried in its turn only"


def test_work_on_one_incident_leaves_the_other_of_the_same_page_ringing(night: Night, cast: Cast) -> None:
    first, second = night.report("The first"), night.report("The second")
    night.act(triage.look_at, first.report.incident_id, by=person_as_actor(cast.dana))
    night.tap("dana")

    night.wait(minutes=21)

    assert night.minutes("dana")[-1] == 20
    assert Kind.RINGS_AGAIN in night.entries(second.report.incident_id)
    assert Kind.RINGS_AGAIN not in night.entries(first.report.incident_id)


def test_an_addition_tells_the_handler_and_pages_only_once_the_incident_is_closed(night: Night, cast: Cast) -> None:
    dana = person_as_actor(cast.dana)
    receipt = night.report(still_happening=StillHappening.NO)
    incident_id = receipt.report.incident_id
    night.act(
        triage.triage,
        incident_id,
        What.NOTHING,
        OurRole.UNKNOWN,
        reason="An empty laptop.",
        by=dana,
        targets=night.installation.targets,
    )
    night.act(thread.add, receipt.report, "It was blue.")
    assert night.minutes("dana", "tell") == []  # it is two in the night, and this only tells
    assert night.minutes("dana") == [0]

    night.act(decisions.close, incident_id, reason="Nothing was on it.", by=dana)
    night.wait(minutes=1)
    night.act(thread.add, receipt.report, "I was wrong, it was full.")

    assert night.minutes("dana") == [0, 1]
    night.act(decisions.reopen, incident_id, reason="It was full.", by=dana, targets=night.installation.targets)
    night.wait(minutes=6)
    assert night.minutes("dana") == [0, 1]


def test_still_happening_turned_to_yes_pages_even_while_the_first_page_is_quiet(night: Night) -> None:
    receipt = night.report(still_happening=StillHappening.NO)
    night.tap("dana")

    night.wait(minutes=2)
    night.act(thread.now_happening, receipt.report, StillHappening.YES)
    night.act(thread.now_happening, receipt.report, StillHappening.YES)

    assert night.minutes("dana") == [0, 2]


def test_a_step_done_is_a_first_step(night: Night, cast: Cast) -> None:
    receipt = night.report()
    with night.installation.store.reading() as session:
        from sqlalchemy import select

        from incidents.steps import Step

        step_id = session.scalars(
            select(Step.id).where(Step.incident_id == receipt.report.incident_id, Step.key == "capture")
        ).one()

    night.act(workflow.do, step_id, by=person_as_actor(cast.ivo), done_at=night.now, zone="Europe/London")
    night.wait(minutes=10)

    assert night.minutes("dana") == [0]


def test_a_report_that_turns_to_still_happening_makes_its_own_page_ring_at_once(night: Night) -> None:
    receipt = night.report(still_happening=StillHappening.UNKNOWN)
    night.wait(minutes=2)

    night.act(thread.now_happening, receipt.report, StillHappening.YES)
    night.wait(minutes=6)

    assert night.minutes("dana") == [0, 2, 7]
    (page,) = night.pages()
    assert len(page.entries) == 2


def test_a_page_bears_the_name_of_what_still_waits_in_it(night: Night, cast: Cast) -> None:
    first, second = night.report("A letter"), night.report("A parcel")
    names = [receipt.report.incident.codename for receipt in (first, second)]
    assert night.rings("dana")[0].message.subject == f"{names[0]}: urgent"

    night.act(triage.look_at, first.report.incident_id, by=person_as_actor(cast.dana))
    night.wait(minutes=6)

    assert night.rings("dana")[-1].message.subject == f"{names[1]}: urgent"


def test_an_untaken_report_that_is_moved_and_moved_back_rings_again(night: Night, cast: Cast) -> None:
    dana, targets = person_as_actor(cast.dana), night.installation.targets
    kept = night.report("A letter")
    night.act(triage.look_at, kept.report.incident_id, by=dana)
    moved = night.report("A parcel")
    home = moved.report.incident_id
    rung = len(night.rings("dana"))

    night.act(triage.attach, moved.report, kept.report.incident_id, by=dana, targets=targets)
    night.act(triage.attach, moved.report, home, by=dana, targets=targets)
    night.wait(minutes=1)

    assert len(night.rings("dana")) == rung + 1
    assert [row.incident_id for row in night.pages()[-1].entries] == [home]
