"""The pages of the rota: what they show, what planners and people on it can do, and what happens to bad input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from icalendar import Calendar
from sqlalchemy import select

from app.installation import Installation
from incidents.timeline import Entry, Kind
from notifications.rota import Rota
from notifications.rota.duty import duties
from notifications.rota.override import Override
from notifications.rota.shift import Shift
from tests.app.visitor import Visitor
from tests.makers import Cast

DATA = Path(__file__).parents[1] / "data" / "calendars"
NIGHT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def adam(installation: Installation, cast: Cast, at_noon: None) -> Visitor:
    return Visitor(installation).come_in(installation, cast.adam)


@pytest.fixture
def planned(installation: Installation, cast: Cast, adam: Visitor) -> str:
    """A rota that Dana and Tariq share week by week, made through the pages; its address."""
    adam.open("/rota/new").send(name="First line", zone="Europe/London")
    address = adam.address
    adam.send(name="Weeks", people=[str(cast.dana), str(cast.tariq)])
    assert adam.status == 200, adam.problems()
    return address.removesuffix("/shift")


def who(installation: Installation, days: int = 14) -> list[str | None]:
    with installation.store.reading() as session:
        rota = session.scalars(select(Rota)).one()
        found = duties(session, rota.id, NIGHT, NIGHT + timedelta(days=days))
        return [duty.person.name if duty.person else None for duty in found]


def test_a_rota_is_begun_and_shown_with_who_is_on_call_now_and_next(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    dana = Visitor(installation).come_in(installation, cast.dana)

    dana.open("/rota")

    assert "On call now: <strong>Dana</strong>" in dana.page
    assert "Next: <strong>Tariq</strong>" in dana.page
    assert "Mon 30 Nov 2026, 09:00 GMT" in dana.page
    assert "Times in Europe/London" in dana.page
    assert dana.page.index("Your duties") < dana.page.index("First line")


def test_the_buttons_beside_people_change_the_order_keep_what_is_typed_and_store_nothing(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    people = [str(cast.dana), str(cast.tariq)]

    adam.open(f"{planned}/shift").send(name="Nights", begins="18:00", people=people, move="down-0")
    adam.send(added=str(cast.ivo), people=people[::-1], move="add")

    assert adam.status == 200
    assert adam.fields()["name"] == "Nights"
    assert adam.fields()["begins"] == "18:00"
    order = [adam.page.index(f'name="people" value="{key}"') for key in (cast.tariq, cast.dana, cast.ivo)]
    assert order == sorted(order)
    with installation.store.reading() as session:
        assert len(session.scalars(select(Shift)).all()) == 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": " "}, "Write a name, such as Weeks or Nights."),
        ({"begins": "9 o'clock"}, "Write a time from 00:00 to 23:59, such as 09:00."),
        ({"days": "0"}, "The shift ends before it begins. Choose a later time or a later day."),
        ({"weeks_each": "many"}, "Write for how many weeks a turn lasts, from 1 to 26."),
        ({"people": []}, "Add at least one person, who then has every turn."),
        ({"from_at": "2027-03-28T01:30"}, "There was no 01:30 in Europe/London"),
        ({"from_at": "2027-10-31T01:30"}, "so 01:30 came twice"),
    ],
)
def test_a_shift_that_makes_no_sense_is_refused_and_nothing_typed_is_lost(
    cast: Cast, adam: Visitor, planned: str, typed: dict[str, str], says: str
) -> None:
    sent = {"name": "Other", "begins": "09:00", "people": [str(cast.mina)]} | typed

    adam.open(f"{planned}/shift").send(**sent)

    assert adam.status == 422
    assert any(says in problem for problem in adam.problems())
    assert {name: adam.fields()[name] for name in ("name", "begins")} == {
        name: sent[name] for name in ("name", "begins")
    }
    assert ("Mina" in adam.page.split("People in the order")[1].split("</ol>")[0]) is bool(sent["people"])


def test_a_shift_is_changed_from_a_time_on(installation: Installation, cast: Cast, adam: Visitor, planned: str) -> None:
    adam.open(planned)
    change = next(part.split('"')[0] for part in adam.page.split('href="') if part.startswith(f"{planned}/shift/"))

    adam.open(change).send(people=[str(cast.mina)], from_at="2026-12-02T09:00")

    assert adam.problems() == []
    assert who(installation) == ["Dana", "Tariq", "Mina", "Mina"]


def test_somebody_stands_in_and_the_time_that_comes_twice_is_asked_about(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    typed = {"person": str(cast.ivo), "begins_at": "2027-10-31T01:30", "ends_at": "2027-10-31T09:00"}

    adam.open(f"{planned}/override").send(**typed)
    assert adam.status == 422
    assert "The first one:" in adam.page
    assert adam.fields()["ends_at"] == typed["ends_at"]
    adam.send(**typed, begins_at_which="1")

    with installation.store.reading() as session:
        row = session.scalars(select(Override)).one()
        assert row.begins_at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    assert "Ivo" in adam.page.split("Who stands in")[1]


def test_two_duties_are_swapped(installation: Installation, adam: Visitor, planned: str) -> None:
    adam.open(f"{planned}/swap").send(one=NIGHT.isoformat(), other="2026-11-30T09:00:00+00:00")

    assert adam.problems() == []
    assert who(installation, 10) == ["Tariq", "Dana"]


def test_a_duty_is_taken_in_one_tap_by_somebody_on_the_rota_only(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    tariq = Visitor(installation).come_in(installation, cast.tariq)
    ivo = Visitor(installation).come_in(installation, cast.ivo)
    assert "I take this duty" not in ivo.open("/rota").page

    tariq.open("/rota").send("/take")

    assert "This duty is yours now." in tariq.page
    assert who(installation, 10) == ["Tariq", "Tariq"]
    with installation.store.reading() as session:
        last = session.scalars(select(Entry).where(Entry.kind == Kind.ROTA_CHANGED).order_by(Entry.id.desc())).first()
        assert last is not None
        assert (last.person_id, last.facts["what"]) == (cast.tariq, "taken")


def test_a_gap_is_marked_and_public_holidays_are_shown(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    adam.open(planned).send("/end", csrf_token=adam.fields()["csrf_token"])
    with time_machine.travel(datetime(2026, 12, 20, 12, tzinfo=UTC), tick=False):
        late = Visitor(installation).come_in(installation, cast.adam)
        late.open("/rota")

    assert "Nobody is on call now: no shift covers this time." in late.page
    assert "Fri 25 Dec: Christmas Day (United Kingdom)" in late.page


def test_a_calendar_is_shown_first_and_read_in_once_confirmed(
    installation: Installation, adam: Visitor, planned: str
) -> None:
    adam.open(f"{planned}/calendar").send(file=(open(DATA / "pager.ics", "rb"), "pager.ics"))  # noqa: SIM115

    assert "names nobody who has an account" in adam.page
    assert adam.fields()["calendar"].startswith("BEGIN:VCALENDAR")
    assert who(installation, 21) == ["Dana", "Tariq", "Dana", "Tariq"], "nothing is stored before it was seen"
    adam.send(confirm="yes")
    assert adam.address == planned
    assert who(installation, 21) == ["Dana", "Dana", "Tariq", "Tariq"]


def test_what_is_no_calendar_is_refused_and_stays_where_it_was_typed(adam: Visitor, planned: str) -> None:
    adam.open(f"{planned}/calendar").send(calendar="Dana on Monday")

    assert adam.status == 422
    assert "cannot be read as a calendar" in adam.problems()[0]
    assert adam.fields()["calendar"] == "Dana on Monday"


def test_a_feed_needs_no_account_and_ends_with_its_address(
    installation: Installation, adam: Visitor, planned: str
) -> None:
    with installation.store.reading() as session:
        token = session.scalars(select(Rota.token)).one()
    program = Visitor(installation)

    program.open(f"/rota/feed/{token}.ics")

    events = list(Calendar.from_ical(program.response.get_data()).walk("VEVENT"))
    assert program.response.mimetype == "text/calendar"
    assert [str(event["SUMMARY"]) for event in events[:2]] == ["Dana", "Tariq"]
    adam.open(planned).send("/address")
    assert program.open(f"/rota/feed/{token}.ics").status == 404


def test_ones_own_feed_is_made_and_made_anew(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    tariq = Visitor(installation).come_in(installation, cast.tariq)

    def own_address() -> str:
        page = tariq.send("/my-address").page
        return page.split('id="own-address"')[1].split("</code>")[0].split("/feed/")[1]

    tariq.open("/rota")
    first, second = own_address(), own_address()

    assert first != second
    assert tariq.open(f"/rota/feed/{first}").status == 404
    assert b"First line" in tariq.open(f"/rota/feed/{second}").response.get_data()


def test_a_rota_of_that_name_is_refused_and_an_end_wants_a_tick(adam: Visitor, planned: str) -> None:
    adam.open("/rota/new").send(name="first LINE", zone="Europe/Berlin")
    assert adam.problems() == ["There is a rota of that name already. Write another name."]
    assert adam.fields()["zone"] == "Europe/Berlin"

    adam.open(planned).send(f"{planned}/end")
    assert adam.problems() == ["Tick the box, then press the button again."]
    adam.send(f"{planned}/end", **{"end-sure": "y"})

    assert "The rota has ended." in adam.page
    assert adam.open(planned).status == 404


def test_a_colleague_is_asked_accepts_with_one_tap_and_both_pages_show_it(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    tariq = Visitor(installation).come_in(installation, cast.tariq).open("/rota")
    ask = next(part.split('"')[0] for part in tariq.page.split('href="') if "/ask?" in part)

    tariq.open(ask).send(asked=str(cast.dana), other="2026-12-07T09:00:00+00:00")

    assert tariq.problems() == []
    assert "You asked Dana, who has not answered yet" in tariq.page
    assert who(installation) == ["Dana", "Tariq", "Dana"]
    dana = Visitor(installation).come_in(installation, cast.dana).open("/rota")
    assert "Tariq asks you to take a duty" in dana.page
    dana.send("/accept")
    assert "This duty is yours now." in dana.page
    assert "You are asked" not in dana.page
    assert who(installation, 21) == ["Dana", "Dana", "Tariq", "Tariq"]
    lately = adam.open(planned).page.split("What changed lately")[1]
    assert "Two people swapped duties." in lately
    assert "Mon 30 Nov 2026 09:00 to Mon 7 Dec 2026 09:00: Tariq → Dana" in lately


def test_a_request_is_declined_or_withdrawn_and_nobody_else_answers_it(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    key = planned.rpartition("/")[2]
    tariq, dana, ivo = (Visitor(installation).come_in(installation, each) for each in (cast.tariq, cast.dana, cast.ivo))
    turn = "2026-11-30T09:00:00+00:00"
    tariq.open(f"/rota/{key}/ask").send(turn=turn, asked=str(cast.dana))
    answers = [one for one in tariq.page.split('action="') if one.startswith("/rota/request/")]
    address = answers[0].split('"')[0].rpartition("/")[0]

    token = ivo.open("/rota").fields("/my-address")["csrf_token"]
    for act in ("accept", "decline", "withdraw"):
        sent = ivo.client.post(f"{address}/{act}", data={"csrf_token": token}, base_url="http://localhost:8000")
        assert sent.status_code == 404
    dana.open("/rota").send("/decline")
    assert "Declined." in dana.page
    tariq.open(f"/rota/{key}/ask").send(turn=turn, asked=str(cast.dana))
    dana.open("/rota")
    tariq.send("/withdraw")
    assert "The request is withdrawn." in tariq.page
    dana.send("/accept")

    assert "This request is over" in dana.page
    assert who(installation) == ["Dana", "Tariq", "Dana"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"turn": ""}, "Choose one of your own duties."),
        ({"asked": ""}, "Choose whom you ask."),
        ({"other": "2026-12-14T09:00:00+00:00"}, "This duty is not theirs."),
        ({"turn": "2026-12-07T09:00:00+00:00"}, "This duty is not yours."),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_and_what_was_chosen_stays(
    installation: Installation, cast: Cast, adam: Visitor, planned: str, typed: dict[str, str], says: str
) -> None:
    tariq = Visitor(installation).come_in(installation, cast.tariq)
    sent = {"turn": "2026-11-30T09:00:00+00:00", "asked": str(cast.dana), "other": ""} | typed

    tariq.open(f"{planned}/ask").send(**sent)

    assert tariq.status == 422
    assert any(says in problem for problem in tariq.problems())
    assert tariq.fields()["asked"] == sent["asked"]


def test_the_plan_of_a_shift_is_shown_as_it_was_and_is(cast: Cast, adam: Visitor, planned: str) -> None:
    adam.open(planned)
    change = next(part.split('"')[0] for part in adam.page.split('href="') if part.startswith(f"{planned}/shift/"))

    adam.open(change).send(name="Turns", people=[str(cast.tariq), str(cast.mina)], begins="08:00", ends="08:00")

    lately = adam.page.split("What changed lately")[1]
    assert "Shift: Weeks → Turns" in lately
    assert "from 09:00 until 09:00 a week later → Monday, from 08:00 until 08:00 a week later" in lately
    assert "Order: Dana, Tariq → Tariq, Mina" in lately


def test_holidays_of_the_regions_that_were_chosen_are_shown_by_name(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    assert "Andrew" not in adam.open("/rota").page

    adam.open("/rota/holidays").send(**{"regions-GB": ["SCT", "NIR"]})

    assert "Mon 30 Nov: Saint Andrew's Day (Scotland, United Kingdom)" in adam.page
    assert 'value="SCT" checked' in adam.open("/rota/holidays").page
    assert 'value="ENG">' in adam.page
    adam.send(**{"regions-GB": ["Mars"]})
    assert adam.status == 422
    adam.send(**{"regions-GB": []})
    assert "Andrew" not in adam.open("/rota").page
    with installation.store.reading() as session:
        entries = session.scalars(select(Entry).where(Entry.kind == Kind.SETTING_CHANGED)).all()
    assert [entry.facts["setting"] for entry in entries] == ["holiday_regions", "holiday_regions"]


def test_somebody_without_a_role_that_is_paged_is_not_put_on_a_rota(
    installation: Installation, cast: Cast, adam: Visitor, planned: str
) -> None:
    adam.open(f"{planned}/shift").send(name="Other", begins="09:00", people=[str(cast.aude)])

    assert adam.status == 422
    assert any("holds no role that is paged" in problem for problem in adam.problems())
