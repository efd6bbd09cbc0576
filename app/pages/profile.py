"""The organisation's profile: where it is established, in which capacities, what it promised, its own targets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Answer
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired
from wtforms.widgets import CheckboxInput, ListWidget

from app import errors
from app.access import me, requires
from app.extensions import read_session
from app.language import gettext as _
from app.language import lazy_gettext as _l
from app.language import ngettext
from app.navigation import installation, organisation
from app.places import countries, option, part_of_country, place_words, stripped
from incidents import describing
from incidents import profile as kept
from incidents.law.clock import utcnow
from incidents.law.profile import CONTRACT_START_WORDS, PRODUCT_WORDS, Contract, ContractStart, Entity, Product
from incidents.law.regimes import Rule, load
from incidents.law.regimes.rule import CAPACITY_WORDS
from incidents.organisation import LegalEntity, Site, the_organisation
from incidents.people import Right
from incidents.refusals import Refused
from incidents.timeline import person_as_actor

pages = Blueprint("profile", __name__)

UNSAID, YES, NO = "", "yes", "no"
BODIES = {None: UNSAID, True: YES, False: NO}


class Ticks(SelectMultipleField):
    """Several choices, each with its own box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class DescriptionForm(FlaskForm):
    """What is said of the organisation as a whole."""

    capacities = Ticks(
        _l("What the organisation is"),
        choices=[option(one.value, _l(CAPACITY_WORDS[one])) for one in kept.CAPACITIES],
        validate_choice=False,
    )
    products = Ticks(
        _l("What it offers"),
        choices=[option(one.value, _l(PRODUCT_WORDS[one])) for one in Product],
        validate_choice=False,
    )
    complete = BooleanField(_l("These lists are complete: the organisation is and offers nothing else of them"))
    public = RadioField(
        _l("Is it a public body?"),
        choices=[option(UNSAID, _l("Not said")), option(YES, _l("Yes")), option(NO, _l("No"))],
        default=UNSAID,
        validate_choice=False,
    )


class EntityForm(FlaskForm):
    """One legal entity or branch."""

    name = StringField(_l("Name"), [DataRequired(_l("Write the name of the legal entity."))], filters=[stripped])
    country = SelectField(_l("Country"), [DataRequired(_l("Choose the country."))], validate_choice=False)
    subdivision = StringField(_l("Part of the country"), filters=[stripped])
    main_establishment = BooleanField(_l("It is the main establishment in the European Economic Area"))
    lead_authority = StringField(_l("Lead authority"), filters=[stripped])

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.country.choices = [option(code, name) for code, name in countries()]


class ContractForm(FlaskForm):
    """What one customer's contract promises."""

    customer = StringField(_l("Customer"), [DataRequired(_l("Write the name of the customer."))], filters=[stripped])
    hours = StringField(_l("Hours"), filters=[stripped])
    starts = RadioField(
        _l("What starts the hours"),
        choices=[option(one.value, _l(words)) for one, words in CONTRACT_START_WORDS.items()],
        default=ContractStart.AWARENESS.value,
        validate_choice=False,
    )
    contact = StringField(_l("Whom to tell"), filters=[stripped])
    channel = StringField(_l("How to reach them"), filters=[stripped])


class TargetForm(FlaskForm):
    """The organisation's own hours for one duty on which the law puts no number."""

    rule = SelectField(_l("Duty"), [DataRequired(_l("Choose the duty."))], validate_choice=False)
    target_hours = StringField(_l("Target in hours"), filters=[stripped])

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.rule.choices = [
            option("", _("Choose a duty")),
            *(option(one.id, _named(one)) for one in kept.without_period()),
        ]


@dataclass(frozen=True)
class Line:
    """One thing that can be changed or removed."""

    title: str
    lines: list[str]
    change_url: str | None
    remove_url: str
    remove_fields: dict[str, str]


@pages.get("/settings/profile")
@requires(Right.CONFIGURE)
def profile() -> Response:
    """The profile as it is."""
    return _page(200)


@pages.post("/settings/profile")
@requires(Right.CONFIGURE)
def describe() -> Answer:
    """Keep what the organisation is and offers."""
    form = DescriptionForm(prefix="about")
    chosen, offered = set(form.capacities.data or ()), set(form.products.data or ())
    with installation().store.writing() as session:
        said = replace(
            kept.description_of(session),
            capacities=frozenset(one for one in kept.CAPACITIES if one.value in chosen),
            products=frozenset(one for one in Product if one.value in offered),
            capacities_complete=bool(form.complete.data),
            public_body={YES: True, NO: False}.get(form.public.data or ""),
        )
        describing.describe(
            session,
            the_organisation(session),
            said,
            by=person_as_actor(me().id),
            targets=installation().targets,
            now=utcnow(),
        )
    return _saved("about")


@pages.post("/settings/profile/target")
@requires(Right.CONFIGURE)
def set_target() -> Answer:
    """Set a target; without hours it is taken away."""
    form = TargetForm(prefix="target")
    known = {one.id for one in kept.without_period()}
    if not form.validate() or form.rule.data not in known:
        form.rule.errors = form.rule.errors or [_("Choose the duty.")]
        return _page(422, target=form)
    try:
        with installation().store.writing() as session:
            said = kept.description_of(session)
            targets = {rule: hours for rule, hours in (said.targets or {}).items() if rule != form.rule.data}
            if form.target_hours.data:
                targets[form.rule.data] = describing.hours_of(form.target_hours.data, "target_hours")
            said = replace(said, targets=targets)
            describing.describe(
                session,
                the_organisation(session),
                said,
                by=person_as_actor(me().id),
                targets=installation().targets,
                now=utcnow(),
            )
    except Refused as refused:
        form.target_hours.errors = [errors.sentence(refused)]
        return _page(422, target=form)
    return _saved("target")


@pages.get("/settings/profile/entity")
@requires(Right.CONFIGURE)
def new_entity() -> Response:
    """The form for another legal entity."""
    return _entity(EntityForm(country=organisation().country or ""), 200)


@pages.post("/settings/profile/entity")
@requires(Right.CONFIGURE)
def add_entity() -> Answer:
    """Add a legal entity."""
    return _keep_entity(None)


@pages.get("/settings/profile/entity/<int:entity_id>")
@requires(Right.CONFIGURE)
def entity(entity_id: int) -> Response:
    """The form of one legal entity."""
    row = next((one for one in kept.entities_of(read_session(), organisation()) if one.id == entity_id), None)
    return _entity(EntityForm(obj=row), 200, entity_id) if row else abort(404)


@pages.post("/settings/profile/entity/<int:entity_id>")
@requires(Right.CONFIGURE)
def change_entity(entity_id: int) -> Answer:
    """Change a legal entity."""
    return _keep_entity(entity_id)


@pages.post("/settings/profile/entity/<int:entity_id>/remove")
@requires(Right.CONFIGURE)
def remove_entity(entity_id: int) -> Answer:
    """Take a legal entity away."""
    try:
        with installation().store.writing() as session:
            describing.remove_entity(session, the_organisation(session), entity_id, **_signed())
    except Refused as refused:
        flash(errors.sentence(refused), "danger")
        return redirect(url_for("profile.profile"), code=303)
    flash(_("Removed."), "good")
    return redirect(url_for("profile.profile"), code=303)


@pages.get("/settings/profile/contract")
@requires(Right.CONFIGURE)
def new_contract() -> Response:
    """The form for another customer's contract."""
    return _contract(ContractForm(), 200)


@pages.post("/settings/profile/contract")
@requires(Right.CONFIGURE)
def add_contract() -> Answer:
    """Add a customer's contract."""
    return _keep_contract(None)


@pages.get("/settings/profile/contract/<int:contract_id>")
@requires(Right.CONFIGURE)
def contract(contract_id: int) -> Response:
    """The form of one customer's contract."""
    row = next((one for one in kept.contracts_of(read_session(), organisation()) if one.id == contract_id), None)
    if row is None:
        abort(404)
    shown = {"starts": row.starts.value, "hours": str(row.hours or "")}
    form = ContractForm(data={name: getattr(row, name) for name in ("customer", "contact", "channel")} | shown)
    return _contract(form, 200, contract_id)


@pages.post("/settings/profile/contract/<int:contract_id>")
@requires(Right.CONFIGURE)
def change_contract(contract_id: int) -> Answer:
    """Change a customer's contract."""
    return _keep_contract(contract_id)


@pages.post("/settings/profile/contract/<int:contract_id>/remove")
@requires(Right.CONFIGURE)
def remove_contract(contract_id: int) -> Answer:
    """Take a customer's contract away."""
    try:
        with installation().store.writing() as session:
            describing.remove_contract(session, the_organisation(session), contract_id, **_signed())
    except Refused as refused:
        flash(errors.sentence(refused), "danger")
        return redirect(url_for("profile.profile"), code=303)
    flash(_("Removed."), "good")
    return redirect(url_for("profile.profile"), code=303)


def _keep_entity(key: int | None) -> Answer:
    form = EntityForm()
    if not form.validate():
        return _entity(form, 422, key)
    try:
        place = part_of_country(form.country.data or "", form.subdivision.data or "")
        main = bool(form.main_establishment.data)
        said = Entity(form.name.data or "", place, main, form.lead_authority.data or None)
        with installation().store.writing() as session:
            describing.keep_entity(session, the_organisation(session), said, key=key, **_signed())
    except Refused as refused:
        form[refused.field or "name"].errors = [errors.sentence(refused)]
        return _entity(form, 422, key)
    return _saved("entity")


def _keep_contract(key: int | None) -> Answer:
    form = ContractForm()
    if not form.validate():
        return _contract(form, 422, key)
    try:
        hours = describing.hours_of(form.hours.data, "hours") if form.hours.data else None
        start = next((one for one in ContractStart if one.value == form.starts.data), ContractStart.AWARENESS)
        said = Contract(form.customer.data or "", hours, start, form.contact.data or "", form.channel.data or "")
        with installation().store.writing() as session:
            describing.keep_contract(session, the_organisation(session), said, key=key, **_signed())
    except Refused as refused:
        form[refused.field or "customer"].errors = [errors.sentence(refused)]
        return _contract(form, 422, key)
    return _saved("contract")


def _saved(form: str) -> Answer:
    """Say so, and let the browser forget what it kept of that form alone."""
    flash(_("Saved."), "good")
    flash(f"profile-{form}", "kept")
    return redirect(url_for("profile.profile"), code=303)


def _entity(form: EntityForm, status: int, key: int | None = None) -> Response:
    return make_response(render_template("profile/entity.html", form=form, new=key is None), status)


def _contract(form: ContractForm, status: int, key: int | None = None) -> Response:
    return make_response(render_template("profile/contract.html", form=form, new=key is None), status)


def _signed() -> dict[str, Any]:
    """Who changes it, when, and what recounting the open incidents needs."""
    house = installation()
    return {"by": person_as_actor(me().id), "targets": house.targets, "now": utcnow()}


def _page(status: int, target: TargetForm | None = None) -> Response:
    session = read_session()
    said = kept.description_of(session)
    about = DescriptionForm(
        None,
        data={
            "capacities": [one.value for one in said.capacities],
            "products": [one.value for one in said.products],
            "complete": said.capacities_complete,
            "public": BODIES[said.public_body],
        },
        prefix="about",
    )
    entities = kept.entities_of(session, organisation())
    page = render_template(
        "profile/profile.html",
        about=about,
        target=target or TargetForm(None, prefix="target"),
        problem=target.errors if target else None,
        entities=[_entity_line(one) for one in entities],
        sites=[_site_line(one) for one in kept.sites_of(session, organisation())],
        contracts=[_contract_line(one) for one in kept.contracts_of(session, organisation())],
        targets=[_target_line(rule, hours) for rule, hours in (said.targets or {}).items()],
    )
    return make_response(page, status)


def _entity_line(row: LegalEntity) -> Line:
    place = kept.entity_of(row).place
    lines = [dict(countries()).get(row.country, row.country) + (f" ({place})" if row.subdivision else "")]
    if row.main_establishment:
        lines.append(_("Main establishment in the European Economic Area"))
    if row.lead_authority:
        lines.append(_("Lead authority: %(name)s", name=row.lead_authority))
    where: dict[str, Any] = {"entity_id": row.id}
    return Line(row.name, lines, url_for("profile.entity", **where), url_for("profile.remove_entity", **where), {})


def _site_line(row: Site) -> Line:
    where: dict[str, Any] = {"site_id": row.id}
    lines = [f"{place_words(row.country)}, {row.zone.replace('_', ' ')}"]
    return Line(row.name, lines, url_for("sites.site", **where), url_for("sites.remove_site", **where), {})


def _contract_line(row: kept.CustomerContract) -> Line:
    starts = _(CONTRACT_START_WORDS[row.starts])
    if row.hours is None:
        lines = [_("Without delay, from %(start)s", start=starts)]
    else:
        hours = ngettext("%(num)s hour", "%(num)s hours", row.hours)
        lines = [_("%(hours)s from %(start)s", hours=hours, start=starts)]
    lines += [line for line in (row.contact, row.channel) if line]
    where: dict[str, Any] = {"contract_id": row.id}
    change, remove = url_for("profile.contract", **where), url_for("profile.remove_contract", **where)
    return Line(row.customer, lines, change, remove, {})


def _target_line(rule: str, hours: int) -> Line:
    words = ngettext("%(num)s hour", "%(num)s hours", hours)
    lines = [_("%(hours)s: a target, not law", hours=words)]
    fields = {"target-rule": rule, "target-target_hours": ""}
    return Line(_named(load().get(rule)), lines, None, url_for("profile.set_target"), fields)


def _named(rule: Rule) -> str:
    return f"{_(load().regime_of(rule.id).short_title)}: {_(rule.title)}"
