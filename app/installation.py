"""One running installation: settings, store, keyring, and what the engine needs to speak in its name."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.support import NullTranslations, Translations
from sqlalchemy.orm import Session

from app.config import Settings
from incidents.keyring import Keyring
from incidents.law.clock import utcnow
from incidents.obligations import Targets
from incidents.organisation import Organisation, the_organisation
from incidents.people import Person
from incidents.settings import MAIL_SERVER, stored, value_of
from incidents.store import Store
from notifications.channels import Channel, ChannelKind
from notifications.channels.apprise_channel import AppriseChannel
from notifications.channels.outbox import OutboxChannel
from notifications.channels.push_subscription import Reach, is_loopback
from notifications.channels.smtp import Security, SmtpChannel, SmtpSettings
from notifications.channels.webpush import WebPushChannel
from notifications.engine import Engine, Setup
from notifications.messages import Wording
from notifications.senders import Senders

log = logging.getLogger(__name__)

TRANSLATIONS = Path(__file__).parent / "translations"


@lru_cache(maxsize=32)
def catalogue(folder: Path, locale: str) -> NullTranslations:
    """The translations of a language; the English of the source where there are none."""
    return Translations.load(str(folder), [locale])


@dataclass
class Installation:
    """What `create_app`, the worker and the command line share."""

    settings: Settings
    store: Store
    keyring: Keyring
    translations: Path = TRANSLATIONS
    _renewers: list[Callable[[], None]] = field(default_factory=list, repr=False)

    @classmethod
    def open(cls, settings: Settings) -> Installation:
        """Open database and keyring; the schema must be there."""
        store = Store(settings.database, threads=settings.threads + 8)
        return cls(settings, store, Keyring.open(settings.keyring_file))

    @property
    def targets(self) -> Targets:
        return Targets(notice=timedelta(seconds=self.settings.target_notice))

    def set_in_web(self, session: Session, name: str) -> Any:
        """What an administrator set under this name, or None."""
        return value_of(session, name)

    def smtp(self, session: Session) -> SmtpSettings | None:
        """The mail server, from environment or file if set there, otherwise from the web interface."""
        mine = self.settings
        if mine.demo:
            return None
        if mine.smtp_host:
            return SmtpSettings(
                host=mine.smtp_host,
                port=mine.smtp_port,
                security=Security(mine.smtp_security),
                sender=mine.smtp_sender,
                username=mine.smtp_username or None,
                password=mine.smtp_password or None,
                timeout=mine.smtp_timeout,
            )
        row = stored(session, MAIL_SERVER)
        if row is None or not row.value or not row.value.get("host"):
            return None
        set_here = row.value
        return SmtpSettings(
            host=set_here["host"],
            port=int(set_here["port"]),
            security=Security(set_here["security"]),
            sender=set_here["sender"],
            username=set_here.get("username") or None,
            password=self.keyring.unseal(row.sealed) if row.sealed else None,
            timeout=mine.smtp_timeout,
        )

    def reachable(self, session: Session, kind: ChannelKind) -> bool:
        """Whether a kind of channel is configured, so that a message over it can reach anybody."""
        if self.settings.demo or kind is ChannelKind.OUTBOX:
            return False
        return kind is not ChannelKind.EMAIL or self.smtp(session) is not None

    def make_channel(self, name: str) -> Channel:
        """The channel of that name, made anew from the present settings."""
        if name == "smtp":
            with self.store.reading() as session:
                settings = self.smtp(session)
            if settings is not None:
                return SmtpChannel(settings)
        if name.startswith("apprise-"):
            return AppriseChannel(name)
        if name.startswith("push-"):
            with self.store.reading() as session:
                address = self.public_address(the_organisation(session))
            subject = address if address.startswith("https://") else None
            return WebPushChannel(name, keyring=self.keyring, subject=subject, reach=self.reach(address), clock=utcnow)
        return OutboxChannel()

    def reach(self, public_address: str) -> Reach:
        """Which push services may be called: this machine only where the installation is for this machine only."""
        loopback = is_loopback(urlsplit(public_address).hostname or "")
        return Reach(loopback=loopback, plain=self.settings.allow_plain_http)

    def on_channels_changed(self, renew: Callable[[], None]) -> None:
        """Call `renew` whenever the settings of a channel change in this process."""
        self._renewers.append(renew)

    def channels_changed(self) -> None:
        """The settings of a channel have changed: what was opened with the old ones is made anew."""
        for renew in self._renewers:
            renew()

    def public_address(self, organisation: Organisation) -> str:
        """The only base of links; never taken from a request."""
        return (self.settings.public_address or organisation.public_address or "").rstrip("/")

    def wording(self, session: Session, person: Person | None) -> Wording:
        """In whose name, language and zone a message to this person speaks."""
        organisation = the_organisation(session)
        locale = (person.language if person else None) or self.settings.language
        return Wording(
            translate=catalogue(self.translations, locale).gettext,
            locale=locale,
            zone=ZoneInfo((person.zone if person else None) or organisation.zone),
            organisation=organisation.name or "Tocsin",
            public_address=self.public_address(organisation),
        )

    def engine(self, senders: Senders | None = None) -> Engine:
        """An engine for this installation; without senders of its own it gets real ones."""
        setup = Setup(waits=self.settings.waits, wording=self.wording, reachable=self.reachable)
        return Engine(self.store, self.keyring, setup, senders or Senders(self.make_channel))
