"""The commands that need an installation: serve, worker, tick, demo, person, backup, restore, check, bench."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import FrameType

import click
from sqlalchemy.orm import Session

from app import backup as backing
from app import database, serving
from app import restore as restoring
from app.config import BadSettings, Settings, load
from app.installation import Installation
from app.worker import OneServer, Worker
from incidents.accounts import add_person, invite
from incidents.law.clock import utcnow
from incidents.organisation import keyring_fits, mark_keyring, the_organisation
from incidents.people import Role
from incidents.recount import differences
from incidents.refusals import Refused
from incidents.timeline import SYSTEM
from incidents.words import N_
from notifications.auditor import left_lying
from notifications.channels import ChannelKind, Verdict
from notifications.channels.mail import domain_of
from notifications.channels.smtp import SmtpChannel
from notifications.contact import add_contact
from notifications.coverage import DAYS, coverage, on_duty
from notifications.readiness import readiness
from notifications.watchdog import last_ping

log = logging.getLogger(__name__)


def settings() -> Settings:
    """The settings, or the end with every fault named."""
    try:
        return load()
    except BadSettings as bad:
        for fault in bad.faults:
            click.echo(f"tocsin: {fault}", err=True)
        raise SystemExit(2) from None


def prepared(chosen: Settings, *, alone: bool = False) -> Installation:
    """An installation whose schema is what this program wants; `alone` says that the caller holds the folder's lock."""
    chosen.instance.mkdir(parents=True, exist_ok=True)
    if database.unfinished(chosen):
        with nullcontext() if alone else OneServer(chosen.instance):
            for line in restoring.finish(chosen):
                click.echo(line)
    if not chosen.keyring_file.exists() and database.revision(chosen) is not None:
        # Reporting goes on, whatever is missing.
        log.error(
            "the keyring %s is missing and is made anew: earlier receipt codes and stored passwords cannot be used "
            "until that of the backup is back",
            chosen.keyring_file,
        )
    database.migrate(chosen, now=utcnow(), say=click.echo)
    house = Installation.open(chosen)
    with house.store.writing() as session:
        mark_keyring(the_organisation(session), house.keyring)
    return house


def as_it_is(chosen: Settings) -> Installation:
    """An installation beside which a server may run: one of another version is refused, never upgraded."""
    causes = database.unready(chosen)
    if causes:
        raise Refused(causes[0])
    return Installation.open(chosen)


@contextmanager
def disposed(installation: Installation) -> Iterator[Installation]:
    """The installation, whose connections are closed at the end, however it comes."""
    try:
        yield installation
    finally:
        installation.store.dispose()


@click.command()
@click.option("--no-worker", is_flag=True, help="Only web pages; a worker runs in a process of its own (PostgreSQL).")
def serve(no_worker: bool) -> None:
    """Serve the pages and run the worker (the default)."""
    chosen = settings()
    if chosen.database.startswith("sqlite"):
        if no_worker:
            raise click.ClickException("On SQLite pages and worker are one process. Leave --no-worker out.")
        with OneServer(chosen.instance), disposed(prepared(chosen, alone=True)) as installation:
            serving.run(installation, worker=True)
        return
    with disposed(prepared(chosen)) as installation:
        serving.run(installation, worker=not no_worker)


@click.command()
def worker() -> None:
    """Run only the worker: as many as you like on PostgreSQL."""
    chosen = settings()
    if chosen.database.startswith("sqlite"):
        raise click.ClickException("On SQLite the worker runs inside `tocsin serve`.")
    over = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with disposed(prepared(chosen)) as installation:
        beside = Worker(installation)
        beside.start()
        over.wait()
        beside.stop()


@click.command()
def tick() -> None:
    """One pass over all that is due, and wait for what it sends. For cron, where no server runs on this folder."""
    chosen = settings()
    with OneServer(chosen.instance), disposed(prepared(chosen, alone=True)) as installation:
        Worker(installation).once(60.0)


@click.command()
@click.option("--port", type=int, default=None, help="Another port than that of the settings.")
def demo(port: int | None) -> None:
    """Serve a throw-away organisation with people and incidents. It sends nothing."""
    serving.run_demo(settings(), port)


@click.group()
def person() -> None:
    """People."""


@person.command("add")
@click.argument("name")
@click.argument("email")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([role.value for role in Role]))
def person_add(name: str, email: str, roles: tuple[str, ...]) -> None:
    """Make an account and print its invitation link."""
    chosen, now = settings(), utcnow()
    try:
        domain_of(email)
    except Refused:
        raise Refused(N_("Write an e-mail address, such as nora@example.com.")) from None
    fresh = not database.unfinished(chosen) and database.revision(chosen) is None
    with disposed(prepared(chosen) if fresh else as_it_is(chosen)) as house, house.store.writing() as session:
        organisation = the_organisation(session)
        made = add_person(session, organisation, name=name, email=email, roles=[Role(role) for role in roles], now=now)
        add_contact(session, made, ChannelKind.EMAIL, made.email, by=SYSTEM, now=now)
        token = invite(session, made, now=now)
        address = house.public_address(organisation) or f"http://{house.settings.host}:{house.settings.port}"
    click.echo(f"{address}/invitation/{token}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy database, keyring and files into FILE, consistent while the server runs."""
    for line in backing.backup(settings(), file, now=utcnow()):
        click.echo(line)


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
def restore(file: Path) -> None:
    """Put a backup in place. What was there is moved aside, never deleted."""
    chosen = settings()
    with OneServer(chosen.instance):
        for line in restoring.restore(chosen, file, now=utcnow()):
            click.echo(line)
        prepared(chosen, alone=True).store.dispose()


@click.command()
def check() -> None:
    """Is this installation able to page? Ends with 0, or with 1 and the plain causes. Changes nothing."""
    chosen = settings()
    causes = database.unready(chosen)
    if not causes:
        with disposed(Installation.open(chosen)) as house:
            causes += _cannot_page(house)
    for cause in causes:
        click.echo(cause)
    sys.exit(1 if causes else 0)


def _cannot_page(house: Installation) -> list[str]:
    """Why nobody would be paged, or not by a right clock; prints what else is worth knowing."""
    with house.store.reading() as session:
        organisation = the_organisation(session)
        now = utcnow()
        ready = readiness(session, organisation, reachable=house.reachable, now=now)
        causes = [f"{fault.person + ' ' if fault.person else ''}{fault.words()}" for fault in ready.faults]
        causes += [fault.words() for fault in left_lying(session, now=now)]
        causes += [
            f"{wrong.incident}: the deadline of {wrong.rule} is stored as {wrong.stored}, computed as {wrong.computed}."
            for wrong in differences(session, targets=house.targets)
        ]
        if not keyring_fits(organisation, house.keyring):
            causes.append(
                f"The keyring {house.settings.keyring_file} is not that of this database: earlier receipt codes and "
                "stored passwords cannot be used. Put the keyring of the backup back."
            )
        smtp = house.smtp(session)
        notes = [gap.words() for gap in ready.gaps] + _ahead(house, session, now)
    if smtp is not None:
        channel = SmtpChannel(smtp)
        outcome = channel.check()
        channel.close()
        if outcome.verdict is not Verdict.ACCEPTED:
            causes.append(f"Mail server: {outcome.detail}")
    for note in notes:
        click.echo(f"Note: {note}")
    click.echo(f"People who have proved that a page reaches them: {ready.ready}.")
    if ready.red and not causes:
        causes.append("Too few people have proved that a page reaches them.")
    return causes


def _ahead(house: Installation, session: Session, now: datetime) -> list[str]:
    """What is no cause for alarm tonight, but worth knowing: hours to come without anybody, and who watches."""
    organisation, hours = the_organisation(session), DAYS * 24
    on = on_duty(session, organisation, now=now)
    found = coverage(session, organisation, now, hours, on, reachable=house.reachable, now=now)
    notes = [fault.words() for fault in found.faults]
    if not house.settings.watchdog_url:
        notes.append("No outside watchdog is set (watchdog_url): if this machine dies, nobody is told.")
    else:
        last = last_ping(session, organisation.id)
        told = last.pinged_at if last else None
        notes.append(f"The watchdog was last pinged: {told.isoformat(timespec='seconds') if told else 'never'}.")
    if not house.settings.canary:
        notes.append("The nightly test report is switched off (canary).")
    return notes


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Measure Tocsin beside floors of the same run, on loopback and in a temporary folder (--help says how)."""
    os.execv(sys.executable, [sys.executable, "-m", "tools.bench", *arguments])  # noqa: S606
