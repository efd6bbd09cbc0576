"""One running installation: settings, store, keyring, and what the engine needs to speak in its name."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from incidents.settings import ANSWER_SECRET, BOUNCES, MAIL_SERVER, PHONE_GATEWAY, stored, value_of, values_of
from incidents.store import Store
from notifications.bounces.mailbox import MailboxSettings
from notifications.channels import Channel, ChannelKind, Outcome
from notifications.channels.apprise_channel import AppriseChannel
from notifications.channels.canary import CanaryChannel
from notifications.channels.mail import ReturnAddress
from notifications.channels.outbox import OutboxChannel
from notifications.channels.push_subscription import Reach, is_loopback
from notifications.channels.sms import SmsChannel
from notifications.channels.smtp import Security, SmtpChannel, SmtpSettings
from notifications.channels.twilio import TwilioChannel, TwilioSettings
from notifications.channels.webhook import WebhookChannel
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
    mailbox_said: tuple[Outcome, datetime] | None = field(default=None, repr=False)
    """What the reader of the mailbox said last in this process, and when."""
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
                bounces=self.return_address(session),
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
            bounces=self.return_address(session),
        )

    def return_address(self, session: Session) -> ReturnAddress | None:
        """Where mail comes back to; None when it comes back to the sender of pages."""
        mine = self.settings
        if mine.bounce_address:
            return ReturnAddress(mine.bounce_address, mine.bounce_separator)
        set_here = value_of(session, BOUNCES) or {}
        return ReturnAddress(set_here["address"], set_here["separator"]) if set_here.get("address") else None

    def mailbox(self, session: Session) -> MailboxSettings | None:
        """The mailbox that reports about our mails are read from; None without one."""
        mine = self.settings
        if mine.demo:
            return None
        if mine.imap_host:
            return MailboxSettings(
                host=mine.imap_host,
                port=mine.imap_port,
                security=Security(mine.imap_security),
                username=mine.imap_username,
                password=mine.imap_password,
                folder=mine.imap_folder,
                timeout=mine.imap_timeout,
            )
        row = stored(session, BOUNCES)
        if row is None or not row.value or not row.value.get("host") or not row.sealed:
            return None
        set_here = row.value
        return MailboxSettings(
            host=set_here["host"],
            port=int(set_here["port"]),
            security=Security(set_here["security"]),
            username=set_here["username"],
            password=self.keyring.unseal(row.sealed),
            folder=set_here["folder"],
            timeout=mine.imap_timeout,
        )

    def phone_gateway(self, session: Session) -> TwilioSettings | str | None:
        """Twilio, or the Apprise address with {number} of another SMS service; set outside, otherwise in the web."""
        mine = self.settings
        if mine.demo:
            return None
        if mine.twilio_account:
            return TwilioSettings(mine.twilio_account, mine.twilio_token, mine.twilio_sender, mine.twilio_api)
        if mine.sms_address:
            return mine.sms_address
        row = stored(session, PHONE_GATEWAY)
        if row is None or not row.value or not row.sealed:
            return None
        secret = self.keyring.unseal(row.sealed)
        if row.value["kind"] != "twilio":
            return secret
        return TwilioSettings(row.value["account"], secret, row.value["sender"], mine.twilio_api)

    def answer_secret(self, session: Session) -> str | None:
        """The secret with which another gateway or a chat signs the answers that it passes on."""
        if self.settings.answer_secret or self.settings.demo:
            return self.settings.answer_secret or None
        row = stored(session, ANSWER_SECRET)
        return self.keyring.unseal(row.sealed) if row and row.sealed else None

    def _ways_back(self, session: Session) -> tuple[str | None, bool]:
        """Which kind of phone gateway is set, and whether others may pass answers on; no secret is unsealed for it."""
        mine, found = self.settings, values_of(session, PHONE_GATEWAY, ANSWER_SECRET)
        if mine.demo:
            return None, False
        outside = "twilio" if mine.twilio_account else "other" if mine.sms_address else None
        in_web = found.get(PHONE_GATEWAY) or {}
        return outside or in_web.get("kind"), bool(mine.answer_secret or found.get(ANSWER_SECRET))

    def reachable(self, session: Session, kind: ChannelKind) -> bool:
        """Whether a kind of channel is configured, so that a message over it can reach anybody."""
        if self.settings.demo or kind is ChannelKind.OUTBOX:
            return False
        if kind.by_phone:
            gateway = self._ways_back(session)[0]
            return gateway == "twilio" or (gateway == "other" and kind is ChannelKind.SMS)
        return kind is not ChannelKind.EMAIL or self._mail_server_set(session)

    def _mail_server_set(self, session: Session) -> bool:
        return bool(self.settings.smtp_host or (value_of(session, MAIL_SERVER) or {}).get("host"))

    def make_channel(self, name: str) -> Channel:
        """The channel of that name, made anew from the present settings."""
        if name == "smtp":
            with self.store.reading() as session:
                settings = self.smtp(session)
            if settings is not None:
                return SmtpChannel(settings)
        if name in ("sms", "call"):
            with self.store.reading() as session:
                gateway = self.phone_gateway(session)
            if isinstance(gateway, TwilioSettings):
                return TwilioChannel(name, gateway)
            if gateway is not None and name == "sms":
                return SmsChannel(name, gateway)
        if name.startswith("webhook-"):
            return WebhookChannel(name)
        if name.startswith("apprise-"):
            return AppriseChannel(name)
        if name.startswith("push-"):
            with self.store.reading() as session:
                address = self.public_address(the_organisation(session))
            subject = address if address.startswith("https://") else None
            return WebPushChannel(name, keyring=self.keyring, subject=subject, reach=self.reach(address), clock=utcnow)
        if name == "canary":
            return CanaryChannel()
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
        # Without a way back for an answer, no message may ask for one.
        gateway, chats = self._ways_back(session)
        return Wording(
            translate=catalogue(self.translations, locale).gettext,
            locale=locale,
            zone=ZoneInfo((person.zone if person else None) or organisation.zone),
            organisation=organisation.name or "Tocsin",
            public_address=self.public_address(organisation),
            texts_back=chats or gateway == "twilio",
            chats_back=chats,
        )

    def engine(self, senders: Senders | None = None) -> Engine:
        """An engine for this installation; without senders of its own it gets real ones."""
        setup = Setup(waits=self.settings.waits, wording=self.wording, reachable=self.reachable)
        return Engine(self.store, self.keyring, setup, senders or Senders(self.make_channel))
