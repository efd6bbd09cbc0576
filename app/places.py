"""What forms about an organisation offer and check: countries, time zones, its emergency number and address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from flask_wtf import FlaskForm
from wtforms import Field, IntegerField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired

from app import errors
from app.config import address_fault
from app.extensions import read_session
from app.language import gettext as _
from app.language import language
from app.language import lazy_gettext as _l
from app.navigation import installation, organisation
from incidents.law.workdays import parts_of
from incidents.refusals import Refused
from incidents.words import N_
from notifications.channels.mail import domain_of
from notifications.contact import refuse_paged_number

DEFAULT_ZONE = "Europe/London"
MOST_PROXIES = 3
REGIONS = (
    *("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/"),
    *("Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"),
)


def stripped(typed: str | None) -> str:
    """A line without the blanks around it."""
    return (typed or "").strip()


@lru_cache(maxsize=8)
def _countries_of(language: str) -> tuple[tuple[str, str], ...]:
    # Two letters that ISO 3166 gives to no country, and unions of countries.
    no_country = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
    found = Locale.parse(language).territories
    named = [(code, name) for code, name in found.items() if len(code) == 2 and code.isalpha()]
    return tuple(sorted((pair for pair in named if pair[0] not in no_country), key=lambda pair: pair[1]))


_PARTED = ("DE", "US", "CA")
"""Countries whose parts have laws or authorities of their own."""
_ALSO = {
    "BAVARIA": "DE-BY",
    "HESSE": "DE-HE",
    "LOWER SAXONY": "DE-NI",
    "MECKLENBURG-WESTERN POMERANIA": "DE-MV",
    "NORTH RHINE-WESTPHALIA": "DE-NW",
    "RHINELAND-PALATINATE": "DE-RP",
    "SAXONY": "DE-SN",
    "SAXONY-ANHALT": "DE-ST",
    "THURINGIA": "DE-TH",
    "DUBAI": "AE-DU",
    "ABU DHABI": "AE-AZ",
    "UK": "GB",
    "GREAT BRITAIN": "GB",
    "ENGLAND": "GB",
    "SCOTLAND": "GB",
    "WALES": "GB",
    "NORTHERN IRELAND": "GB",
    "USA": "US",
    "UAE": "AE",
    "HOLLAND": "NL",
    "EL": "GR",
}


@lru_cache(maxsize=8)
def places_of(locale: str) -> dict[str, str]:
    """Every country, and the parts of those whose parts have laws of their own, by code, with their names."""
    found = dict(_countries_of(locale))
    for country in _PARTED:
        for name, part in parts_of(country).items():
            found.setdefault(f"{country}-{part}", f"{name}, {found[country]}")
    found |= {"AE-DU": f"Dubai, {found['AE']}", "AE-AZ": f"Abu Dhabi, {found['AE']}"}
    return found


def place_words(code: str) -> str:
    """A place as people call it, in the reader's language; the code itself where it has no name here."""
    return places_of(language().locale).get(code, code)


def place_of(typed: str) -> str:
    """The code of a place as somebody typed it: its name, in their language or English, or its code.

    Refuses what is none, and names the nearest.
    """
    wanted = " ".join(typed.split()).upper()
    by_name: dict[str, str] = {}
    for locale in ("en", language().locale):
        for code, name in places_of(locale).items():
            by_name.setdefault(code, code)
            by_name[name.upper()] = code
            by_name.setdefault(name.upper().partition(",")[0], code)
    found = _ALSO.get(wanted) or by_name.get(wanted)
    if found is None:
        near = get_close_matches(wanted, [*by_name, *_ALSO], 1, 0.6)
        guess = (_ALSO.get(near[0]) or by_name[near[0]]) if near else ""
        raise Refused(
            N_("“%(typed)s” is no country that Tocsin knows. Did you mean %(near)s?")
            if guess
            else N_("“%(typed)s” is no country that Tocsin knows. Write its name, or its code such as FR or DE-BY."),
            typed=typed[:40],
            near=place_words(guess),
        )
    return found


def part_of_country(country: str, part: str) -> str:
    """The place of a part of a country, as somebody typed it: its name or its code; without a part, the country.

    Refuses what is no part of it, where the parts of the country are known here.
    """
    if not part:
        return country
    code = f"{country}-{part.upper()}"
    if code in places_of("en") or (country not in _PARTED and len(part) <= 3):
        return code
    refused = Refused(
        N_("Write the part of the country by its name or code, such as BY for Bavaria."), field="subdivision"
    )
    try:
        found = place_of(part)
    except Refused as wrong:
        raise refused from wrong
    if not found.startswith(f"{country}-"):
        raise refused
    return found


def option(value: str, label: object) -> Any:
    """One thing to choose in a form."""
    return SelectChoice(value, label)


def countries() -> list[tuple[str, str]]:
    """All countries by name, in the reader's language, after an empty choice."""
    return [("", _("Choose a country")), *_countries_of(language().locale)]


@lru_cache(maxsize=1)
def zones() -> tuple[tuple[str, str], ...]:
    """The names of places with a time zone, and UTC."""
    names = ["UTC", *sorted(name for name in available_timezones() if name.startswith(REGIONS))]
    return tuple((name, name.replace("_", " ")) for name in names)


def _options(pairs: Callable[[], Iterable[tuple[str, str]]]) -> Callable[[], list[Any]]:
    return lambda: [option(value, label) for value, label in pairs()]


def proxies() -> list[tuple[str, str]]:
    """How many proxies may stand in front."""
    several = [(str(number), str(number)) for number in range(2, MOST_PROXIES + 1)]
    return [("0", _("None: browsers reach Tocsin directly")), ("1", _("One")), *several]


def said(check: Callable[[], Any]) -> None:
    """Turn a refusal into the words beside a field."""
    try:
        check()
    except Refused as refused:
        raise ValidationError(errors.sentence(refused)) from refused


class Port(IntegerField):
    """A number whose refusal is said in our own words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = (valuelist[0] if valuelist else "").strip()
        self.raw_data, self.data = [typed], int(typed) if typed.isascii() and typed.isdigit() else None


def mailbox(words: object) -> Callable[[Any, Field], None]:
    """A check that a field holds an address that mail can be sent to; `words` say whose is missing."""

    def check(_form: Any, field: Field) -> None:
        try:
            domain_of(field.data or "")
        except Refused as refused:
            raise ValidationError(str(words)) from refused

    return check


def _count(typed: Any) -> int:
    """A chosen number; -1, which no choice has, for anything else, so that our own sentence speaks."""
    text = str(typed)
    return int(text) if text.isascii() and text.isdigit() else -1


class OrganisationFields(FlaskForm):
    """The organisation's details, for set-up and settings alike."""

    name = StringField(
        _l("Name of the organisation"), [DataRequired(_l("Write the name of the organisation."))], filters=[stripped]
    )
    country = SelectField(
        _l("Country"), [DataRequired(_l("Choose the country."))], choices=_options(countries), validate_choice=False
    )
    zone = SelectField(_l("Time zone"), choices=_options(zones), default=DEFAULT_ZONE, validate_choice=False)
    emergency_phone = StringField(
        _l("Emergency phone"),
        [DataRequired(_l("Write a phone number that somebody answers, such as +44 20 7946 0000."))],
        filters=[stripped],
    )
    public_address = StringField(
        _l("Public address"),
        [DataRequired(_l("Write the address that people open, such as https://breach.example.com."))],
        filters=[stripped],
    )
    trusted_proxies = SelectField(
        _l("Reverse proxies in front of Tocsin"),
        choices=_options(proxies),
        coerce=_count,
        default=0,
        validate_choice=False,
    )

    def validate_country(self, field: Field) -> None:
        if field.data not in dict(countries()):
            raise ValidationError(_("Choose the country."))

    def validate_zone(self, field: Field) -> None:
        if field.data not in dict(zones()):
            raise ValidationError(_("Choose a time zone by region and city, such as Europe/London."))

    def validate_emergency_phone(self, field: Field) -> None:
        if sum(sign.isdigit() for sign in field.data) < 3:
            raise ValidationError(_("Write a phone number that somebody answers, such as +44 20 7946 0000."))
        session, keyring = read_session(), installation().keyring
        said(lambda: refuse_paged_number(session, organisation().id, field.data, keyring=keyring))

    def validate_public_address(self, field: Field) -> None:
        field.data = field.data.rstrip("/")
        fault = address_fault(field.data, allow_plain=installation().settings.allow_plain_http)
        if fault:
            words = _(fault)
            raise ValidationError(words[:1].upper() + words[1:])

    def validate_trusted_proxies(self, field: Field) -> None:
        if field.data not in range(MOST_PROXIES + 1):
            raise ValidationError(_("Choose how many."))

    def lock(self) -> dict[str, str]:
        """Take out what was set outside the web interface; its fields with their values, to be shown."""
        settings, locked = installation().settings, {}
        if settings.public_address:
            locked["public_address"] = settings.public_address
            del self.public_address
        if settings.trusted_proxies is not None:
            locked["trusted_proxies"] = str(settings.trusted_proxies)
            del self.trusted_proxies
        return locked
