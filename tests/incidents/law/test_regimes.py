"""The files of the regimes: strict, fresh, translatable, and owed by whom."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from incidents.law import regimes
from incidents.law.clock import utcnow
from incidents.law.counting import Basis, Counting, Unit, count
from incidents.law.localtime import read_local
from incidents.law.regimes import EITHER, BadRegime, Capacity, laws_for, load, messages, read
from incidents.refusals import Refused

FOLDER = Path(regimes.__file__).parent
TODAY = date(2026, 11, 22)
BOTH = ("eu-gdpr", "uk-gdpr")
STALE = timedelta(days=400)

GOOD = """
id = "xx-law"
title = "A law"
short_title = "Law"
jurisdiction = "Somewhere"
countries = ["XX"]

[[rule]]
id = "xx-law-1"
law = "A law"
article = "1"
title = "Tell somebody"
short_title = "Somebody"
who_owes = ["controller", "processor"]
recipient = "authority"
to_whom = "Somebody."
threshold = "Everything."
clock_start = "awareness"
period = 72
unit = "hours"
counting = "consecutive"
phase = "initial"
valid_from = 2026-01-01
valid_to = 2026-12-31
source = "A law, Art. 1."
confidence = "memory"
checked = 2026-11-22
"""


def ids(rules: tuple[regimes.Rule, ...]) -> list[str]:
    return [rule.id for rule in rules]


def written(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in GOOD
    (folder / "xx-law.toml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    return folder


def test_a_controller_has_seventy_two_hours_and_a_processor_a_target() -> None:
    zone = ZoneInfo("Europe/London")
    start = read_local("23/10/2026 10:15", zone)

    for law in BOTH:
        controller, processor = (
            count(load().get(f"{law}-{article}").terms, start, zone=zone) for article in ("33-1", "33-2")
        )
        assert controller.due_at == read_local("26/10/2026 09:15", zone)
        assert controller.ceiling_at == read_local("26/10/2026 10:00", zone)
        assert processor.due_at == read_local("24/10/2026 10:15", zone)
        assert (processor.basis, processor.ceiling_at) == (Basis.TARGET, None)


def test_each_role_owes_its_own_rule_and_an_unknown_role_both() -> None:
    known = load()

    assert ids(known.owed_by(Capacity.CONTROLLER, TODAY, BOTH)) == [
        *("eu-gdpr-33-1", "eu-gdpr-33-4", "eu-gdpr-33-5", "eu-gdpr-34-1"),
        *("uk-gdpr-33-1", "uk-gdpr-34"),
    ]
    assert ids(known.owed_by(Capacity.PROCESSOR, TODAY, ["uk-gdpr"])) == ["uk-gdpr-33-2"]
    assert ids(known.owed_by(EITHER, TODAY, ["ke-dpa"])) == ["ke-dpa-c", "ke-dpa-p"]
    assert known.owed_by(Capacity.MANUFACTURER, TODAY, BOTH) == ()
    assert known.owed_by(EITHER, TODAY, ["atlantis"]) == ()


def test_nothing_was_owed_before_the_law_came() -> None:
    assert load().owed_by(EITHER, date(2018, 5, 24), BOTH) == ()
    assert len(load().owed_by(EITHER, date(2018, 5, 25), BOTH)) == 8


def test_a_rule_is_got_by_its_id_and_an_unknown_one_refused() -> None:
    rule = load().get("uk-gdpr-33-1")

    assert (rule.period, rule.unit, rule.counting) == (72, Unit.HOURS, Counting.UK_GDPR_4A)
    assert load().regime_of("uk-gdpr-33-1").id == "uk-gdpr"
    with pytest.raises(Refused, match="no rule uk-gdpr-99"):
        load().get("uk-gdpr-99")


def test_the_regimes_are_read_once() -> None:
    assert load() is load()
    assert [regime.id for regime in load()] == sorted(path.stem for path in FOLDER.glob("*.toml"))


def stale(rules: Iterable[regimes.Rule], today: date) -> list[str]:
    return [rule.id for rule in rules if today - rule.checked > STALE]


def test_no_rule_has_gone_unchecked_for_four_hundred_days() -> None:
    """Fails by the real calendar, and is meant to. Then: read the source again, correct the rule, set `checked`."""
    assert stale(load().rules(), utcnow().date()) == []


def test_four_hundred_days_later_a_rule_is_stale(tmp_path: Path) -> None:
    rules = list(read(written(tmp_path)).rules())

    assert stale(rules, date(2026, 11, 22) + timedelta(days=400)) == []
    assert stale(rules, date(2026, 11, 22) + timedelta(days=401)) == ["xx-law-1"]


def test_every_sentence_of_the_files_reaches_the_translators() -> None:
    codes = {"id", "article", "who_owes", "countries", "recipient", "after", "part_of", "replaces", "reach"} | {
        *("clock_start", "unit", "counting", "phase", "confidence", "wants")
    }

    def sentences(table: dict[str, object]) -> Iterator[str]:
        for key, value in table.items():
            in_words = key == "article" and not any(sign.isdigit() for sign in str(value))
            if isinstance(value, str) and (key not in codes or in_words):
                yield value
            for inner in value if isinstance(value, list) and key not in codes else ():
                yield from sentences(inner)

    found = {
        text for path in FOLDER.glob("*.toml") for text in sentences(tomllib.loads(path.read_text(encoding="utf-8")))
    }

    assert len(found) > 20
    assert found == set(messages())


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ('wants = { fact = "risk", is = true }', "wants: belongs beside reach"),
        ('reach = ["people"]\nwants = { fact = "luck", is = true }', "there is no fact 'luck'"),
        ('reach = ["people"]\nwants = { fact = "affected.countries", has = ["XX"] }', "cannot be asked for 'has'"),
        ('reach = ["sea"]', "'sea' is none of"),
    ],
)
def test_what_a_rule_wants_is_read_strictly(tmp_path: Path, lines: str, named: str) -> None:
    with pytest.raises(BadRegime, match=named):
        read(written(tmp_path, "valid_from", f"{lines}\nvalid_from"))


def test_a_rule_is_in_force_from_its_first_to_its_last_day(tmp_path: Path) -> None:
    rule = read(written(tmp_path)).get("xx-law-1")

    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [rule.in_force(day) for day in days] == [False, True, True, False]
    assert not rule.confirmed


def test_the_shortest_rule_is_one_hour_on_one_day(tmp_path: Path) -> None:
    rule = read(written(tmp_path, "72", "1")).get("xx-law-1")
    day = read(written(tmp_path, "2026-12-31", "2026-01-01")).get("xx-law-1")

    assert rule.period == 1
    assert day.in_force(date(2026, 1, 1))


def test_a_pending_rule_is_kept_but_never_owed(tmp_path: Path) -> None:
    pending = 'status = "Proposed; not adopted."\n'
    folder = written(tmp_path, "valid_from = 2026-01-01\nvalid_to = 2026-12-31\n", pending)

    known = read(folder)

    assert not known.get("xx-law-1").in_force(date(2999, 1, 1))
    assert known.owed_by(EITHER, TODAY, ["xx-law"]) == ()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('phase = "initial"', 'phase = "initial"\nuntil = 2027-01-01', "xx-law-1: until: is not a key"),
        ('title = "A law"', 'title = "A law"\ntitel = "A law"', r"xx-law\.toml: titel: is not a key"),
        ('threshold = "Everything."\n', "", "xx-law-1: threshold: is missing"),
        ('threshold = "Everything."', 'threshold = " "', "threshold: must be text"),
        ('article = "1"', "article = 1", "article: must be text"),
        ('id = "xx-law-1"', 'id = "XX_LAW"', "id: must be lower case"),
        ('id = "xx-law"', 'id = "yy-law"', "id: must be the name of the file"),
        ("period = 72\n", "", "period: is missing beside unit = hours"),
        ("period = 72", "period = 0", "period: must be a whole number"),
        ("period = 72", "period = true", "period: must be a whole number"),
        ('unit = "hours"', 'unit = "no_fixed_period"', "period: has no place"),
        ('unit = "hours"', 'unit = "fortnights"', "unit: 'fortnights' is none of hours, calendar_days"),
        ('["controller", "processor"]', '["controller", "controller"]', "who_owes: says something twice"),
        ('["controller", "processor"]', '["DPO"]', "who_owes: 'DPO' is none of"),
        ('["controller", "processor"]', "[]", "who_owes: must be a list"),
        ('"awareness"', '"earlier_filing"', "after: belongs to"),
        ('"awareness"', '"earlier_filing"\nafter = "xx-law-0"', "after: there is no rule xx-law-0"),
        ("2026-11-22", '"2026-11-22"', "checked: must be a date"),
        ("2026-11-22", "2026-11-22T10:00:00Z", "checked: must be a date"),
        ("2026-12-31", "2025-12-31", "valid_to: must not lie before"),
        ("valid_from = 2026-01-01", "valid_from = 2026-01-01\nin_force_by = 2026-01-01", "in_force_by: has no place"),
        ("valid_from = 2026-01-01\nvalid_to = 2026-12-31\n", "", "status: must say why"),
        ('countries = ["XX"]', 'countries = ["xx"]', "countries: 'xx' is not written"),
        ('countries = ["XX"]', 'countries = ["XX-12345"]', "countries: 'XX-12345' is not written"),
        ('countries = ["XX"]\n', "", "xx-law-1: countries: is missing; only a contract"),
        ('title = "Tell', 'countries = ["YY"]\ntitle = "Tell', "countries: must be among those of the regime"),
        ('title = "Tell', 'by_itself = false\ntitle = "Tell', "by_itself: must be true, or be left out"),
        ('title = "Tell', 'by_itself = true\ntitle = "Tell', "by_itself: must not stand .* not confirmed"),
        ('title = "Tell', 'part_of = "xx-law-0"\ntitle = "Tell', "part_of: there is no rule xx-law-0"),
        ('title = "Tell', 'replaces = "xx-law-1"\ntitle = "Tell', "replaces: there is no rule xx-law-1 beside it"),
        ('unit = "hours"', 'outer_hours = 0\nunit = "hours"', "outer_hours: must be a whole number"),
        ("[[rule]]", "[rule]", "rule: must be a list"),
        ("[[rule]]", "[[rule", r"xx-law\.toml: "),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_file_and_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(BadRegime, match=complaint) as refused:
        read(written(tmp_path, old, new))

    assert str(refused.value).startswith("xx-law.toml: ")


ITSELF = 'title = "Tell', 'by_itself = true\ntitle = "Tell'


@pytest.mark.parametrize(
    ("old", "new"),
    [('"awareness"', '"decision"'), ('["controller", "processor"]', '["controller", "manufacturer"]')],
)
def test_only_what_awareness_starts_for_everybody_arises_by_itself(tmp_path: Path, old: str, new: str) -> None:
    good = written(tmp_path, *ITSELF) / "xx-law.toml"
    confirmed = good.read_text(encoding="utf-8").replace('"memory"', '"text"')
    good.write_text(confirmed, encoding="utf-8")

    assert read(tmp_path).get("xx-law-1").by_itself

    good.write_text(confirmed.replace(old, new), encoding="utf-8")
    with pytest.raises(BadRegime, match="by_itself: belongs to"):
        read(tmp_path)


def test_a_rule_may_follow_another_but_not_be_written_twice(tmp_path: Path) -> None:
    later = '"earlier_filing"\nafter = "xx-law-1"'
    second = GOOD.replace("xx-law", "yy-law").replace('"awareness"', later)
    (written(tmp_path) / "yy-law.toml").write_text(second, encoding="utf-8")

    assert read(tmp_path).get("yy-law-1").after == "xx-law-1"

    (tmp_path / "yy-law.toml").write_text(second.replace("yy-law-1", "xx-law-1"), encoding="utf-8")
    with pytest.raises(BadRegime, match=r"yy-law\.toml: xx-law-1: id: stands in xx-law\.toml already"):
        read(tmp_path)


def test_a_folder_without_regimes_is_refused_rather_than_owing_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadRegime, match="no regime"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("country", "entities", "people", "laws"),
    [
        ("GB", [], None, ["uk-gdpr", "eu-gdpr"]),
        ("UK", [], [], ["uk-gdpr", "eu-gdpr"]),
        ("gb", ["DE"], None, ["eu-gdpr", "uk-gdpr"]),
        ("DE", [], None, ["eu-gdpr", "uk-gdpr"]),
        ("", [], None, ["eu-gdpr", "uk-gdpr"]),
        (None, [], ["DE"], ["eu-gdpr", "uk-gdpr"]),
        ("US", [], None, ["eu-gdpr", "uk-gdpr"]),
        ("GB", [], ["GB"], ["uk-gdpr"]),
        ("GB", [], ["GB", "EL"], ["uk-gdpr", "eu-gdpr"]),
        ("GB", ["NO"], ["GB"], ["eu-gdpr", "uk-gdpr"]),
        ("DE", [], ["DE", "US"], ["eu-gdpr"]),
        ("DE", [], ["DE", "?"], ["eu-gdpr", "uk-gdpr"]),
        ("DE", ["nowhere"], ["DE"], ["eu-gdpr", "uk-gdpr"]),
        ("US", [], ["US"], []),
        ("IN", [], ["IS"], ["eu-gdpr"]),
    ],
)
def test_the_laws_that_may_apply_err_on_the_careful_side(
    country: str | None, entities: list[str], people: list[str] | None, laws: list[str]
) -> None:
    assert list(laws_for(country, entities, people_countries=people)) == laws


def test_the_thirty_countries_of_the_eea_are_all_there() -> None:
    eea = re.findall("..", "ATBEBGCYCZDEDKEEESFIFRGRHRHUIEISITLILTLULVMTNLNOPLPTROSESISK")

    assert len(eea) == 30
    assert all(laws_for(code, [], people_countries=[code]) == ("eu-gdpr",) for code in eea)
    assert laws_for("CH", [], people_countries=["CH"]) == ()
