"""One's own hours."""

from __future__ import annotations

import pytest

from app.installation import Installation
from incidents.people import Person
from tests.app.visitor import Visitor
from tests.makers import Cast


def test_hours_are_kept_and_may_go_past_midnight(installation: Installation, cast: Cast, dana: Visitor) -> None:
    dana.open("/account/hours")
    assert (dana.fields()["begins"], dana.fields()["ends"]) == ("07:00", "22:00")

    dana.send(begins="21:30", ends="5.45", any_hour="y")

    with installation.store.reading() as session:
        kept = session.get_one(Person, cast.dana)
        assert (kept.tell_from, kept.tell_until, kept.drills_any_hour) == (21 * 60 + 30, 5 * 60 + 45, True)


@pytest.mark.parametrize("typed", ["", "25:00", "7", "seven"])
def test_what_is_no_time_is_refused_and_kept(dana: Visitor, typed: str) -> None:
    dana.open("/account/hours").send(begins=typed)

    assert dana.status == 422
    assert "Write a time of day, like 07:00." in dana.problems()
    assert dana.fields()["begins"] == typed
