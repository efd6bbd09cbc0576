"""Everything that people read can be translated: seen through a pseudo-language that puts ⟦ ⟧ around every message."""

from __future__ import annotations

import ast
import csv
import io
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from babel.dates import get_day_names, get_month_names
from babel.messages.mofile import read_mo
from babel.support import Translations
from flask import Flask, render_template
from flask.testing import FlaskClient
from flask_login import login_user
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse
from wtforms import Form

from app import create_app, setup_link
from app.access import PUBLIC, SIGNED_IN, Principal
from app.config import Settings
from app.installation import Installation
from incidents import steps
from incidents.law import assessment, authorities, regimes
from incidents.law.clock import utcnow
from incidents.organisation import the_organisation
from incidents.people import RIGHTS, Person, Role
from incidents.timeline import Prose
from notifications.channels import ChannelKind
from notifications.contact import Contact
from notifications.delivery import Delivery, Purpose
from notifications.links import masked
from notifications.messages import build
from notifications.rota import Rota
from notifications.rota.publicdays import public_days, regions_in
from notifications.rota.shift import Shift
from tests.house.filled import Filled, fill
from tests.house.source import loaded, sources, told
from tests.house.spoken import Known, Page, outside
from tests.house.walk import BASE, Address, addresses, sign_in
from tests.makers import ROLES
from tools.messages import PSEUDO, write_pseudo

pytestmark = pytest.mark.xdist_group("words")

MACHINES = {"/healthz", "/readyz", "/evidence/<token>"}
"""Read by machines, or a file as it was sent."""

NONSENSE = "☃"
KINDS = (ChannelKind.EMAIL, ChannelKind.SMS, ChannelKind.CALL, ChannelKind.WEBHOOK)
"""Those whose messages are worded differently."""

PREFIXES = ("", "role-", "way-", "phone-", "hook-", "gateway-", "answers-", "end-", "name-")
"""Of the forms that share a page."""

LAST = ("/end", "sign-out")
"""What ends an account, and then what ends a sign-in, comes after everything else."""

ADVICE = (
    'Write _("…") or _l("…") in app/, N_("…") in incidents/ and notifications/, and translate it where it is shown:'
)


MARKERS = ("_", "_l", "N_", "gettext", "lazy_gettext")


@dataclass
class Heard:
    """Every English piece that was found, with the places where it stood."""

    known: Known
    english: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    pages: set[str] = field(default_factory=set)

    def page(self, response: TestResponse, where: str) -> None:
        """Listen to a page or a spreadsheet."""
        self.pages.add(where)
        body = response.get_data(as_text=True)
        if response.mimetype == "text/csv":
            self.said((cell for row in csv.reader(io.StringIO(body.lstrip("\ufeff"))) for cell in row), where)
        elif response.mimetype == "text/html" and response.status_code not in range(300, 400):
            self.said(Page(body).said, where)
        response.close()

    def said(self, texts: Iterable[str], where: str) -> None:
        for piece in self.known.english_in(texts):
            self.english[piece].add(where)

    def report(self) -> list[str]:
        return sorted(f"“{piece}” at {', '.join(sorted(places)[:3])}" for piece, places in self.english.items())


@dataclass(frozen=True)
class House:
    """A filled installation that speaks the pseudo-language."""

    app: Flask
    installation: Installation
    filled: Filled
    known: Known


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pseudo(tmp_path_factory.mktemp("pseudo"))


@contextmanager
def speaking(settings: Settings, pseudo: Path) -> Iterator[Installation]:
    opened = Installation.open(replace(settings, language=PSEUDO))
    try:
        yield replace(opened, translations=pseudo)
    finally:
        opened.store.dispose()


def application(house: Installation) -> Flask:
    app = create_app(house)
    app.testing = True
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture(scope="module")
def house(pseudo: Path, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("words")
    shutil.copy(migrated_sqlite, folder / "tocsin.sqlite")
    settings = Settings(instance=folder, public_address=BASE)
    with speaking(settings, pseudo) as installation:
        filled = fill(installation, now=utcnow())
        yield House(application(installation), installation, filled, Known(data_of(installation)))


A_YEAR = (date(utcnow().year, 1, 1), date(utcnow().year + 1, 1, 20))
"""The days whose public holidays the pages of rota and calendars name."""


def data_of(installation: Installation) -> set[str]:
    """What is no message: names, addresses, references, code names, and all that people wrote."""
    with installation.store.reading() as session:
        place = the_organisation(session)
        found = {place.name or "", place.zone, place.zone.replace("_", " "), place.emergency_phone or ""}
        found.update(row.text or "" for row in session.scalars(select(Prose)))
        for person in session.scalars(select(Person)):
            found |= {person.name, person.email}
        found |= {name for rota in session.scalars(select(Rota)) for name in (rota.name, rota.zone)}
        found |= {shift.name for shift in session.scalars(select(Shift))}
        found |= {authority.short_name for authority in authorities.load()}
        found |= {day.name for day in public_days(["GB"], *A_YEAR)}
        found |= {Locale.parse(PSEUDO).territories["GB"], *regions_in("GB").values()}
        for contact in session.scalars(select(Contact)):
            found |= {contact.label, masked(contact.label)}
    found |= {line for text in found for line in text.splitlines()}
    return found | dates() | {setting.name for setting in fields(Settings) if "_" in setting.name}


def dates() -> set[str]:
    """The words of dates as Babel writes them."""
    named = (get_day_names, get_month_names)
    return {
        word for names in named for width in ("abbreviated", "wide") for word in names(width, locale=PSEUDO).values()
    }


def may_open(role: Role | None, address: Address) -> bool:
    if address.mark in (PUBLIC, SIGNED_IN):
        return address.mark == PUBLIC or role is not None
    return role is not None and bool(RIGHTS[role].intersection(address.mark))


def browser(house: House, who: str | None) -> FlaskClient:
    client = house.app.test_client()
    if who is not None:
        sign_in(client, house.installation, house.filled.people[who])
    return client


def test_every_page_speaks_only_the_readers_language(house: House) -> None:
    heard = Heard(house.known)
    everywhere = addresses(house.app, house.installation, house.filled, "GET", ("grave", "closed"))
    for who in (None, "dana", "adam", "aude", "mina"):
        client = browser(house, who)
        for address in everywhere:
            again = who is not None and address.mark == PUBLIC
            if address.rule not in MACHINES and not again and may_open(ROLES[who] if who else None, address):
                heard.page(client.get(address.url, base_url=BASE), address.rule)

    assert len(heard.pages) > 30, "hardly a page was seen"
    assert not heard.english, told(ADVICE, heard.report())


def test_a_reporter_hears_only_the_readers_language(house: House) -> None:
    heard, client = Heard(house.known), house.app.test_client(use_cookies=False)

    def post(address: str, where: str, **typed: str) -> str:
        response = client.post(address, data=typed, base_url=BASE)
        body = response.get_data(as_text=True)
        heard.page(response, where)
        return body

    post("/", "the form, sent empty")
    form = {"what": NONSENSE, "still_happening": "yes", "noticed_at": "☃", "form_token": "one"}
    key = re.findall(r'name="key" value="([^"]+)"', post("/", "the receipt", **form))[0]
    post("/receipt/look", "the receipt again", key=key)
    post("/receipt/add", "nothing added", key=key, text="")
    post("/receipt/add", "something added", key=key, text=NONSENSE, still_happening="no")
    post("/receipt/file", "no file", key=key)
    post("/receipt/finish", "finished", key=key)
    post("/receipt/look", "ended", key=key)
    post("/", "the same form again", **form)
    post("/receipt", "half a code", code="1234")
    post("/receipt", "nobody's code", code="1234123412341234")
    post("/receipt", "a code", code=house.filled.codes["grave"])

    assert not heard.english, told(ADVICE, heard.report())


def test_whoever_is_paged_hears_only_the_readers_language(house: House) -> None:
    heard, client = Heard(house.known), house.app.test_client(use_cookies=False)
    links = [one.url for one in addresses(house.app, house.installation, house.filled, "POST") if "/p/" in one.url]

    for url in links:
        for base in ("http://elsewhere.example", BASE):
            heard.page(client.get(url, base_url=base), f"{url[:3]} before")
            heard.page(client.post(url, base_url=base), f"{url[:3]} taken")
            heard.page(client.post(url, base_url=base), f"{url[:3]} taken again")

    assert links
    assert not heard.english, told(ADVICE, heard.report())


def test_every_message_speaks_only_the_readers_language(house: House) -> None:
    heard, seen = Heard(house.known), set()
    with house.installation.store.reading() as session:
        for delivery in session.scalars(select(Delivery)):
            page = delivery.page_id
            wording = replace(house.installation.wording(session, None), texts_back=True, chats_back=True)
            for drill, kind in product((False, True) if page else (False,), KINDS):
                message = build(session, _drilled(session, delivery, drill, kind), **_parts(house, wording))
                where = f"the {delivery.purpose.value} message by {kind.value}{' of a drill' if drill else ''}"
                heard.said([message.subject, *message.text.splitlines(), *Page(message.html or "").said], where)
                seen.add(delivery.purpose)

    assert seen == set(Purpose)
    assert not heard.english, told(ADVICE, heard.report())


def _parts(house: House, wording: Any) -> dict[str, Any]:
    return {"keyring": house.installation.keyring, "wording": wording, "now": utcnow()}


def _drilled(session: Any, delivery: Delivery, drill: bool, kind: ChannelKind) -> Delivery:
    """The delivery over another kind of channel, its page turned into a drill, for this session alone."""
    from notifications.page import Page as Paging

    with session.no_autoflush:
        delivery.contact.channel = kind
        if delivery.page_id:
            session.get_one(Paging, delivery.page_id).drill = drill
    return delivery


def test_every_refusal_speaks_only_the_readers_language(house: House) -> None:
    heard = Heard(house.known)
    names = {name for form in forms() for name in form_fields(form)}
    nonsense = {f"{prefix}{name}": NONSENSE for name in names for prefix in PREFIXES}
    everywhere = addresses(house.app, house.installation, house.filled, "POST", ("grave",))
    clients = {who: browser(house, who) for who in (None, "dana", "adam")}
    for typed in ({}, nonsense):
        for address in sorted(everywhere, key=lambda one: [word in one.rule for word in reversed(LAST)]):
            staff = "adam" if may_open(Role.ADMINISTRATOR, address) else "dana"
            client = clients[None if address.mark == PUBLIC else staff]
            response = client.post(address.url, data=typed, base_url=BASE, follow_redirects=True)
            heard.page(response, f"{'nonsense' if typed else 'nothing'} sent to {address.rule}")
        clients["adam"] = browser(house, "adam")

    assert not heard.english, told(ADVICE, heard.report())


def test_set_up_speaks_only_the_readers_language(pseudo: Path, migrated_sqlite: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "tocsin.sqlite")
    heard = Heard(Known(dates()))
    with speaking(Settings(instance=tmp_path), pseudo) as installation:
        with installation.store.reading() as session:
            link = setup_link.ensure(installation.settings, the_organisation(session), BASE) or ""
        client = application(installation).test_client()
        for typed in (None, {}, {"zone": NONSENSE, "country": NONSENSE, "second_role": NONSENSE, "show": "yes"}):
            response = client.post(link, data=typed) if typed is not None else client.get(link)
            heard.page(response, "set-up")

    assert not heard.english, told(ADVICE, heard.report())


def test_every_error_page_speaks_only_the_readers_language(house: House) -> None:
    heard = Heard(house.known)
    client = browser(house, "dana")
    for code in (400, 403, 404, 405, 410, 413, 429, 500, 503):
        with house.app.test_request_context(base_url=BASE):
            heard.said(Page(render_template(f"errors/{code}.html", message=None)).said, f"error {code}")
    for url in ("/nowhere", "/incident/TCN-0000-00", "/p/forged", "/invitation/forged"):
        heard.page(client.get(url, base_url=BASE), url)
    heard.page(client.put("/", base_url=BASE), "405")

    assert not heard.english, told(ADVICE, heard.report())


def forms() -> list[type[Form]]:
    """Every form of the application."""
    found = {
        kind
        for name, module in loaded()
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Form) and kind.__module__ == name
    }
    return sorted(found, key=lambda kind: f"{kind.__module__}.{kind.__name__}")


def form_fields(kind: type[Form]) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_") and hasattr(getattr(kind, name), "field_class")]


def made(kind: type[Form], me: Person, typed: MultiDict[str, str]) -> Form:
    """A form with what was typed; some are about a person."""
    about = (me,) if kind.__name__ == "RoleForm" else ()
    form: Form = kind(*about, formdata=typed)
    return form


def test_every_form_speaks_only_the_readers_language(house: House) -> None:
    heard = Heard(house.known)
    for kind in forms():
        for value in (None, NONSENSE):
            typed = MultiDict({name: value for name in form_fields(kind) if value is not None})
            with house.app.test_request_context(base_url=BASE, method="POST"):
                with house.installation.store.reading() as session:
                    me = session.get_one(Person, house.filled.people["adam"])
                    login_user(Principal(me, "nobody's token"))
                    form = made(kind, me, typed)
                    form.validate()
                heard.said(_said_by(form), f"{kind.__module__}.{kind.__name__}")

    assert not heard.english, told(ADVICE + " A validator needs a message of its own:", heard.report())


def _said_by(form: Form) -> Iterator[str]:
    """Labels, choices and refusals of a form."""
    for one in form:
        yield str(one.label.text) if one.type not in ("HiddenField", "CSRFTokenField") else ""
        yield from (str(error) for error in one.errors)
        if one.type == "RadioField":
            yield from (str(option.label.text) for option in one)


def test_the_law_and_the_playbooks_are_in_the_catalogue(pseudo: Path) -> None:
    language = Translations.load(str(pseudo), [PSEUDO])
    sentences = {*regimes.messages(), *assessment.messages(), *steps.messages()}

    wrong = [sentence for sentence in sentences if outside(language.gettext(sentence))]

    assert len(sentences) > 50
    assert not wrong, told(
        "the messages() of regimes, assessment and steps must give every sentence of their files:", wrong
    )


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"(?<!%)%\((\w+)\)", text))


def spoken_literally(call: ast.Call) -> str | None:
    """The text of `_("…")`, or of the N_("…") that is handed to a refusal."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Call) and isinstance(first.func, ast.Name) and first.func.id == "N_" and first.args:
        first = first.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def test_every_placeholder_is_filled() -> None:
    speakers = {"_", "gettext", "Refused", "NotFound"}
    ours = {"field"}
    wrong = []
    for source in sources():
        for call in source.calls:
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            text = spoken_literally(call) if name in speakers else None
            given = {keyword.arg for keyword in call.keywords} - ours
            if text is None or None in given or (name in ("_", "gettext") and not given):
                continue
            if placeholders(text) != given:
                wrong.append(
                    f"{source.at(call)}: {sorted(placeholders(text))} in the text, {sorted(map(str, given))} given"
                )

    assert not wrong, told("Each %(name)s of a message needs its value, and each value its %(name)s:", wrong)


def test_every_refusal_is_marked_for_translation() -> None:
    wrong = [
        f"{source.at(call)}: {ast.unparse(call)[:90]}"
        for source in sources()
        for call in source.calls
        if isinstance(call.func, ast.Name)
        and call.func.id in ("Refused", "NotFound", "Fault", "ValidationError")
        and call.args
        and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
    ]

    assert not wrong, told('Write Refused(N_("…")), ValidationError(_("…")): a sentence that says what to do:', wrong)


def test_no_message_is_put_together_before_it_is_translated() -> None:
    wrong = [
        f"{source.at(call)}: {ast.unparse(call)[:90]}"
        for source in sources()
        for call in source.calls
        if isinstance(call.func, ast.Name)
        and call.func.id in MARKERS
        and call.args
        and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]

    assert not wrong, told(
        'Write _("… %(name)s …", name=name): the translator never sees what an f-string makes:', wrong
    )


def test_no_message_hides_inside_an_f_string() -> None:
    wrong = [
        f"{source.at(call)}: {ast.unparse(call)[:90]}"
        for source in sources()
        for whole in ast.walk(source.tree)
        if isinstance(whole, ast.JoinedStr)
        for call in ast.walk(whole)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MARKERS and call.args
        if isinstance(call.args[0], ast.Constant)
    ]

    assert not wrong, told("Python before 3.12 hides these from the extraction. Name the message first:", wrong)


def test_the_catalogue_can_be_read_by_translators(pseudo: Path) -> None:
    with (pseudo / PSEUDO / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        everything = [str(message.id) for message in read_mo(file) if message.id]

    wrong = [text for text in everything if text != text.strip() or "  " in text or "\n" in text]

    assert len(everything) > 500
    assert not wrong, told("A message has no blanks around it, no line break and no double blank:", wrong)


def test_the_listener_is_not_deaf() -> None:
    page = (
        '<p title="Hint">⟦Due ⟦now⟧⟧ by Dana</p><time>Mon</time><button data-busy="Wait">⟦Go⟧</button><p>Stop 12:00</p>'
    )

    heard = list(Known({"Dana"}).english_in(Page(page).said))

    assert heard == ["Hint", "⟦Due ⟦now⟧⟧ by Dana", "Wait", "Stop 12:00"]
