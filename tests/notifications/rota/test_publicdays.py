"""Public holidays: of whole countries, and of the regions that were chosen, with their names."""

from __future__ import annotations

from datetime import date

import pytest

from notifications.rota.publicdays import public_days, regions_in


def shown(country: str, regions: list[str], first: date, last: date) -> list[tuple[str, tuple[str, ...]]]:
    return [(day.name, day.regions) for day in public_days([country], first, last, {country: regions})]


def test_a_day_of_some_regions_names_those_that_were_chosen_and_have_it() -> None:
    found = shown("GB", ["ENG", "WLS", "SCT", "NIR"], date(2027, 3, 15), date(2027, 4, 1))

    assert ("Good Friday", ()) in found
    assert ("Easter Monday", ("England", "Wales", "Northern Ireland")) in found
    assert ("Saint Patrick's Day", ("Northern Ireland",)) in found


def test_nothing_of_a_region_is_shown_that_was_not_chosen() -> None:
    found = shown("GB", [], date(2027, 3, 15), date(2027, 4, 1))

    assert found == [("Good Friday", ())]


@pytest.mark.parametrize(
    ("country", "region", "on", "name", "where"),
    [
        ("DE", "BY", date(2027, 1, 6), "Epiphany", "Bayern"),
        ("IN", "MH", date(2027, 5, 1), "Maharashtra Day", "Maharashtra"),
        ("US", "TX", date(2027, 3, 2), "Texas Independence Day", "Texas"),
    ],
)
def test_regions_of_several_countries_are_known(country: str, region: str, on: date, name: str, where: str) -> None:
    found = shown(country, [region], on, on)

    assert [(said.split(" (")[0], regions) for said, regions in found] == [(name, (where,))]


def test_a_country_that_is_not_known_and_one_without_regions_have_none() -> None:
    assert regions_in("XX") == {}
    assert shown("XX", ["A"], date(2027, 1, 1), date(2027, 1, 31)) == []
    assert regions_in("GB") == {
        "ENG": "England",
        "NIR": "Northern Ireland",
        "SCT": "Scotland",
        "WLS": "Wales",
    }
