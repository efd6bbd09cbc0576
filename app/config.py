"""Settings: environment over `instance/config.toml` over what is set in the web interface; checked at start."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from incidents.refusals import Refused
from incidents.words import N_
from notifications.bounces.signed import is_secret
from notifications.channels import webhook
from notifications.channels.mail import ReturnAddress
from notifications.policy import Waits

ROOT = Path(__file__).resolve().parent.parent


class BadSettings(Exception):
    """Settings that cannot be used; every fault at once, each with what to do."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Settings:
    """Everything that can be set outside the web interface. Lengths of time are written in seconds.

    Each is read from `TOCSIN_<NAME>` (or a file named by `TOCSIN_<NAME>_FILE`), then from `config.toml`.
    """

    instance: Path = ROOT / "instance"
    database_url: str = ""
    keyring: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 8
    public_address: str = ""
    trusted_proxies: int | None = None
    allow_plain_http: bool = False
    max_file_megabytes: int = 25
    tick: float = 2.0
    language: str = "en"
    demo: bool = False
    migrate_without_copy: bool = False
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_username: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_sender: str = ""
    smtp_timeout: float = 15.0
    bounce_address: str = ""
    bounce_separator: str = "+"
    imap_host: str = ""
    imap_port: int = 993
    imap_security: str = "tls"
    imap_username: str = ""
    imap_password: str = field(default="", repr=False)
    imap_folder: str = "INBOX"
    imap_timeout: float = 20.0
    imap_every: float = 60.0
    inbound_mail_secret: str = field(default="", repr=False)
    twilio_account: str = ""
    twilio_token: str = field(default="", repr=False)
    twilio_sender: str = ""
    twilio_api: str = "https://api.twilio.com"
    sms_address: str = field(default="", repr=False)
    answer_secret: str = field(default="", repr=False)
    wait_repeat: float = 300.0
    wait_climb: tuple[float, ...] = (900.0, 1800.0)
    wait_round: float = 3600.0
    wait_quiet: float = 1200.0
    wait_empty_round: float = 60.0
    wait_lease: float = 60.0
    wait_retries: tuple[float, ...] = (1.0, 2.0, 5.0)
    wait_louder_receipt: float = 900.0
    target_notice: float = 86400.0
    sign_in_lasts: float = 43200.0
    audit_grace: float = 60.0
    canary: bool = True
    canary_within: float = 300.0
    watchdog_url: str = field(default="", repr=False)
    watchdog_every: float = 60.0
    watchdog_timeout: float = 10.0
    watchdog_fail: bool = False

    @property
    def database(self) -> str:
        """The database address; without one an SQLite file in the instance folder."""
        return self.database_url or f"sqlite:///{self.instance / 'tocsin.sqlite'}"

    @property
    def keyring_file(self) -> Path:
        return self.keyring or self.instance / "keyring.json"

    @property
    def files(self) -> Path:
        """Where files added to reports are kept."""
        return self.instance / "files"

    @property
    def waits(self) -> Waits:
        def length(seconds: float) -> timedelta:
            return timedelta(seconds=seconds)

        return Waits(
            repeat=length(self.wait_repeat),
            climb=tuple(length(wait) for wait in self.wait_climb),
            round=length(self.wait_round),
            quiet=length(self.wait_quiet),
            empty_round=length(self.wait_empty_round),
            lease=length(self.wait_lease),
            retries=tuple(length(wait) for wait in self.wait_retries),
            louder_receipt=length(self.wait_louder_receipt),
        )


def load(environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Read the settings. Raises `BadSettings` with all faults: unknown names, wrong kinds, unsafe values."""
    environ = os.environ if environ is None else environ
    instance = Path(environ.get("TOCSIN_INSTANCE", given.get("instance") or Settings.instance)).absolute()
    faults: list[str] = []
    values: dict[str, Any] = {"instance": instance}
    known = {item.name: item.type for item in fields(Settings)}
    for name, raw in _from_file(instance / "config.toml", faults).items():
        _take(name, raw, known, values, faults, f"config.toml: {name}")
    for name, raw in _from_environment(environ, faults).items():
        _take(name, raw, known, values, faults, f"TOCSIN_{name.upper()}")
    values |= {name: value for name, value in given.items() if name != "instance"}
    settings = replace(Settings(), **values) if not faults else Settings()
    if not faults:
        faults += _unsafe(settings)
    if faults:
        raise BadSettings(faults)
    return settings


def _from_file(path: Path, faults: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        faults.append(f"{path.name} cannot be read: {error}")
        return {}


def _from_environment(environ: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in environ.items():
        if not key.startswith("TOCSIN_") or key in ("TOCSIN_INSTANCE", "TOCSIN_VENV"):
            continue
        name = key.removeprefix("TOCSIN_").lower()
        if name.endswith("_file"):
            try:
                found[name.removesuffix("_file")] = Path(value).read_text(encoding="utf-8").strip()
            except OSError as error:
                faults.append(f"{key}: the file cannot be read: {error.strerror}")
        else:
            found.setdefault(name, value)
    return found


def _take(name: str, raw: Any, known: Mapping[str, Any], values: dict[str, Any], faults: list[str], where: str) -> None:
    if name not in known or name == "instance":
        faults.append(f"{where} is no setting of Tocsin. docs/operating.md lists them all.")
        return
    try:
        values[name] = _cast(raw, str(known[name]))
    except ValueError as error:
        faults.append(f"{where}: {error}")


def _cast(raw: Any, kind: str) -> Any:
    if kind.startswith("tuple"):
        parts = raw.split(",") if isinstance(raw, str) else raw
        return tuple(_positive(part) for part in parts)
    if kind == "bool":
        if str(raw).lower() not in ("1", "0", "true", "false", "yes", "no"):
            raise ValueError("write true or false")
        return str(raw).lower() in ("1", "true", "yes")
    if kind.startswith("int"):
        return int(_positive(raw, zero=True))
    if kind == "float":
        return _positive(raw)
    if kind.startswith("Path"):
        return Path(raw).absolute()
    return str(raw)


def _positive(raw: Any, *, zero: bool = False) -> float:
    try:
        number = float(raw)
    except (TypeError, ValueError):
        raise ValueError("write a number") from None
    if number < 0 or (number == 0 and not zero):
        raise ValueError("write a number above zero")
    return number


def _unsafe(settings: Settings) -> list[str]:
    faults = []
    if settings.smtp_security not in ("none", "starttls", "tls"):
        faults.append("smtp_security must be none, starttls or tls.")
    if settings.smtp_host and not settings.smtp_sender:
        faults.append("smtp_sender is missing: the address that pages come from.")
    faults += _unsafe_bounces(settings)
    if settings.wait_climb != tuple(sorted(settings.wait_climb)) or settings.wait_climb[-1:] > (settings.wait_round,):
        faults.append("wait_climb must rise, and end before wait_round.")
    if settings.wait_lease < 2 * settings.smtp_timeout:
        faults.append("wait_lease must be at least twice smtp_timeout, or a slow mail would be sent twice.")
    faults += _unsafe_gateway(settings)
    if settings.public_address:
        fault = address_fault(settings.public_address, allow_plain=settings.allow_plain_http)
        if fault:
            faults.append(f"public_address: {fault}")
    if settings.canary_within < 60:
        faults.append("canary_within must be at least 60, or a slow form would take the test report for a real one.")
    if settings.watchdog_url and not _may_be_pinged(settings.watchdog_url):
        faults.append("watchdog_url must be an https address, such as https://hc.example.com/ping/….")
    return faults


def _unsafe_bounces(settings: Settings) -> list[str]:
    faults = []
    if settings.bounce_address:
        try:
            ReturnAddress(settings.bounce_address, settings.bounce_separator)
        except Refused as refused:
            faults.append(f"bounce_address, bounce_separator: {refused}")
    if settings.imap_security not in ("none", "starttls", "tls"):
        faults.append("imap_security must be none, starttls or tls.")
    if settings.imap_host and not (settings.imap_username and settings.imap_password):
        faults.append("imap_username and imap_password are missing: the mailbox cannot be opened without them.")
    if settings.inbound_mail_secret and not is_secret(settings.inbound_mail_secret):
        faults.append("inbound_mail_secret must be whsec_ and at least 24 random bytes in base 64.")
    return faults


def _unsafe_gateway(settings: Settings) -> list[str]:
    faults = []
    twilio = (settings.twilio_account, settings.twilio_token, settings.twilio_sender)
    if any(twilio) and not all(twilio):
        faults.append("twilio_account, twilio_token and twilio_sender belong together: set all three.")
    if any(twilio) and settings.sms_address:
        faults.append("Set either twilio_account or sms_address, not both.")
    if settings.sms_address and settings.sms_address.count("{number}") != 1:
        faults.append("sms_address must have {number} once, where the phone number belongs.")
    if settings.twilio_sender and not settings.twilio_sender.startswith("+"):
        faults.append("twilio_sender must begin with + and the country's code, such as +442079460999.")
    try:
        if settings.answer_secret:
            webhook.signing(settings.answer_secret)
    except Refused:
        faults.append("answer_secret must be whsec_ and at least 24 bytes in base64.")
    loopback = settings.twilio_api.startswith(("http://127.0.0.1:", "http://localhost:"))
    if not settings.twilio_api.startswith("https://") and not loopback:
        faults.append("twilio_api must begin with https://, such as https://api.dublin.ie1.twilio.com.")
    return faults


def _may_be_pinged(url: str) -> bool:
    """Plain http only to this machine: whoever reads the address on the way could ping in our place."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and loopback))


def address_fault(address: str, *, allow_plain: bool) -> str | None:
    """What is wrong with a public address, as a message id; None when it may be used."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return N_("this is no web address. Write it like https://breach.example.com.")
    if parts.scheme not in ("http", "https") or not host or parts.path.strip("/") or parts.query or parts.fragment:
        return N_("write it like https://breach.example.com, without anything behind the host.")
    loopback = host in ("localhost", "127.0.0.1", "::1")
    if parts.scheme == "http" and not loopback and not allow_plain:
        return N_("plain http would show reports to everybody on the way. Use https, or set allow_plain_http = true.")
    return None
