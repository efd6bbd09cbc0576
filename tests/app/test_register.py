"""The auditor's register: every breach with its duties, never a report's text or a reporter's contact."""

from __future__ import annotations

import csv
import gc
import io
from datetime import timedelta

import pytest

from app.installation import Installation
from incidents import register as entries
from incidents.incident import Incident
from incidents.law.clock import utcnow
from tests.app.test_summary import late_and_unexplained
from tests.app.visitor import Visitor
from tests.makers import Cast, make_report


@pytest.fixture
def aude(installation: Installation, cast: Cast) -> Visitor:
    return Visitor(installation).come_in(installation, cast.aude)


def test_the_auditor_reads_reasons_and_duties_but_no_report_and_no_contact(
    installation: Installation, cast: Cast, aude: Visitor
) -> None:
    incident = late_and_unexplained(installation, cast)

    page = aude.open("/register").page
    file = aude.open("/register.csv").page

    for text in (page, file):
        assert incident.reference in text
        assert "Seen by Ottoline's neighbours." in text
        assert "reference awaited" in text
        assert "lay in the lift" not in text
        assert "ext. 7" not in text
    assert "met, late" in page
    assert "owed, overdue" in page
    assert "/incident" not in page


def test_a_restricted_breach_stands_in_the_register_without_what_people_wrote(
    installation: Installation, cast: Cast, aude: Visitor
) -> None:
    incident = late_and_unexplained(installation, cast)
    with installation.store.writing() as session:
        session.get_one(Incident, incident.id).restricted = True

    page = aude.open("/register").page

    assert incident.reference in page
    assert "1 incident." in page
    assert "Ottoline" not in page
    assert "you are not named on it" in page


def test_the_register_leafs_and_filters(
    installation: Installation, cast: Cast, aude: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries.leaf, "__kwdefaults__", {"after": None, "size": 2})
    now = utcnow()
    made = [make_report(installation, now=now - timedelta(minutes=n)).report.incident.reference for n in range(3)]

    first = aude.open("/register").page
    second = aude.open(f"/register?after={made[1]}").page
    none = aude.open("/register?what=near-miss").page
    nonsense = aude.open("/register?year=²026&what=;&after=TCN-NONE").page

    assert [reference in first for reference in made] == [True, True, False]
    assert [reference in second for reference in made] == [False, False, True]
    assert "The register holds nothing for this choice." in none
    assert made[0] in nonsense


def test_the_file_holds_one_row_for_each_duty(installation: Installation, cast: Cast, aude: Visitor) -> None:
    incident = late_and_unexplained(installation, cast)

    text = aude.open("/register.csv").response.get_data().decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Reference"] for row in rows] == [incident.reference] * 2
    assert [row["Late"] for row in rows] == ["yes", "yes"]
    assert rows[0]["Law"].startswith("UK GDPR")


def test_management_does_not_read_the_register(installation: Installation, cast: Cast) -> None:
    mina = Visitor(installation).come_in(installation, cast.mina)

    assert mina.open("/register").status == 403
    assert mina.open("/register.csv").status == 403


def test_a_download_gives_its_connection_back(installation: Installation, cast: Cast, aude: Visitor) -> None:
    make_report(installation, now=utcnow())
    gc.disable()  # what only a collection gives back is kept from readers until there is one
    try:
        for path in ("/register.csv", "/summary.csv"):
            for _ in range(3):
                assert aude.open(path).page

        assert installation.store.read_engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    finally:
        gc.enable()
