"""Which authorities' notes bear on a duty, and that the file of authorities is read strictly and never grows old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest

from incidents.law import authorities
from incidents.law.authorities import Authority, notes_for
from incidents.law.clock import utcnow
from incidents.law.profile import Entity, Product, Profile
from incidents.law.regimes import load
from incidents.law.regimes.table import BadRegime

STALE = timedelta(days=400)
EU, UK = "eu-gdpr-33-1", "uk-gdpr-33-1"


def at(*places: str, lead: str | None = None, main: str = "", **more: object) -> Profile:
    entities = tuple(Entity(place, place, place == main, lead) for place in places)
    return Profile(entities, **more)  # type: ignore[arg-type]


def notes(rule: str, towards: str = "", profile: Profile | None = None) -> list[str]:
    return [one.code for one in notes_for(load().get(rule), towards, profile or at("GB"))]


@pytest.mark.parametrize(
    ("towards", "codes"),
    [
        ("MT", ["MT"]),
        ("DE-BE", ["DE-BE"]),
        ("ES-CT", ["ES"]),
        ("DE", []),
        ("DE-XX", []),
        ("XX", []),
        ("Acorn Ltd", []),
    ],
)
def test_a_duty_towards_a_place_has_the_notes_of_its_authority(towards: str, codes: list[str]) -> None:
    assert notes(EU, towards, at("IE")) == codes


@pytest.mark.parametrize(
    ("rule", "profile", "codes"),
    [
        (UK, at("GB"), ["GB"]),
        (UK, at("FR"), ["GB"]),
        (EU, at("GB"), []),
        (EU, at("GB", "PL", "FR"), ["PL", "FR"]),
        (EU, at("PL", "PL"), ["PL"]),
        (EU, at("GB", "PL", "FR", main="FR"), ["FR"]),
        (EU, at("DE-BY", public_body=False), ["DE-BY"]),
        (EU, at("DK", lead="Datatilsynet"), ["DK"]),
        (EU, at("BE", lead="cnil"), ["FR"]),
        (EU, at("BE", lead="Somebody"), ["BE"]),
        ("uk-gdpr-34", at("GB"), []),
        ("uk-gdpr-33-2", at("GB"), []),
        ("uk-csrb-init", at("GB"), []),
        (EU, Profile(), []),
    ],
)
def test_else_it_has_those_of_the_rules_country_or_of_where_we_are(
    rule: str, profile: Profile, codes: list[str]
) -> None:
    assert notes(rule, "", profile) == codes


def test_bavaria_has_two_authorities_and_a_provider_the_federal_one() -> None:
    public, private = at("DE-BY", public_body=True), at("DE-BY", public_body=False)
    provider = at("IE", products=frozenset({Product.COMMUNICATIONS}))

    assert notes_for(load().get(EU), "DE-BY", public) != notes_for(load().get(EU), "DE-BY", private)
    assert len(notes(EU, "DE-BY", at("DE-BY"))) == 2
    assert notes(EU, "DE", provider) == ["DE"]


@pytest.mark.parametrize(
    ("code", "word"), [("MT", "single e-mail to one wrong recipient"), ("PL", "PESEL"), ("DE-BY", "Kurzpapier")]
)
def test_practice_that_bears_on_the_advice_is_known_with_its_source(code: str, word: str) -> None:
    known = [each for one in authorities.load() if one.code == code for each in one.practices]

    assert any(word in each.text + each.source for each in known)
    assert all(each.source for each in known)


def test_a_practice_with_a_key_too_many_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path(authorities.__file__).with_name("authorities.toml").read_text(encoding="utf-8")
    practice = '[[authority.practice]]\ntext = "All"\nsource = "Web"\nconfidence = "text"\nmood = "strict"\n'
    (tmp_path / "authorities.toml").write_text(text + practice, encoding="utf-8")
    monkeypatch.setattr(authorities, "__file__", str(tmp_path / "authorities.py"))

    with pytest.raises(BadRegime, match="mood: is not a key"):
        authorities.load.__wrapped__()


def stale(known: Iterable[Authority], today: date) -> list[str]:
    return [one.name for one in known if today - one.checked > STALE]


def test_no_authority_has_gone_unchecked_for_four_hundred_days() -> None:
    """Fails by the real calendar, and is meant to. Then: look the authority up again, correct it, set `checked`."""
    assert stale(authorities.load(), utcnow().date()) == []


def test_four_hundred_days_later_an_authority_is_stale() -> None:
    known = authorities.load()
    checked = min(one.checked for one in known)

    assert stale(known, checked + timedelta(days=400)) == []
    assert len(stale(known, checked + timedelta(days=401))) > 0
