"""Which Apprise addresses may be used, and how they are shown.

Allowed is a service that is reached by HTTP, where one address is one recipient, seen by nobody else.
"""

from __future__ import annotations

import functools
import importlib
import logging
import re
import sys
import threading
import warnings
from typing import Any
from urllib.parse import unquote, urlsplit

from incidents.refusals import Refused
from incidents.words import N_
from notifications.channels.deadline import Deadline
from notifications.channels.http_watch import watching

_ON_THE_SERVER = N_("“%(schema)s” shows on the server's own screen or log, where nobody looks at night.")
_IN_PUBLIC = N_("“%(schema)s” can be read by strangers; a page must not be public.")
_BY_MAIL = N_("Mail goes over the mail server in the settings; enter the e-mail address as a channel instead.")
_FANS_OUT = N_("“%(schema)s” hides several recipients behind one address; enter each of them by itself.")
_READS_FILES = N_("“%(schema)s” reads a key file on the server, which an address may not do.")
_NOT_HTTP = N_("“%(schema)s” does not speak HTTP, so a send could hang without limit.")
_UNKNOWN = N_("No service is known by “%(schema)s”; an address looks like ntfys://ntfy.example.org/topic.")
_INCOMPLETE = N_("The address for “%(schema)s” is not complete; compare it with the guide of the service.")
_SEVERAL = N_("This address names %(count)s recipients; enter each of them by itself.")
_TEMPLATE = N_("An address may not read a file of the server; remove the template.")

FORBIDDEN: dict[str, str] = {
    **dict.fromkeys(
        ("blink1", "dbus", "gio", "glib", "gnome", "growl", "kde", "macosx", "qt", "rsyslog", "syslog", "windows"),
        _ON_THE_SERVER,
    ),
    **dict.fromkeys(
        ("aprs", "bluesky", "bsky", "dapnet", "github", "mastodon", "mastodons", "misskey", "misskeys", "nostr",
         "notifico", "notificos", "reddit", "strmlabs", "toot", "toots", "tweet", "twitter", "x"),
        _IN_PUBLIC,
    ),
    **dict.fromkeys(("mailto", "mailtos"), _BY_MAIL),
    **dict.fromkeys(("apprise", "apprises"), _FANS_OUT),
    **dict.fromkeys(("fcm", "vapid"), _READS_FILES),
}  # fmt: skip

_TWO_ADDRESSES = re.compile(r"[\s,;][a-z0-9]{1,20}://", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?|localhost(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?")
_LOOK_SECONDS = 10.0
_loading = threading.Lock()


def validate(url: str) -> str:
    """The address as it is to be kept; refuses one that is unknown, dangerous or names several recipients."""
    url = url.strip()
    with Deadline(_LOOK_SECONDS) as deadline, watching(deadline):
        load(url)
    return url


def display(url: str) -> str:
    """The address as people may see it: the service and its host, no token, topic or number."""
    schema = _schema(url)
    try:
        host = urlsplit(f"//{url.partition('://')[2]}").netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return f"{schema}://{host}/…" if _HOST.fullmatch(host) else f"{schema}://…"


def load(url: str, **asset: Any) -> Any:
    """A fresh Apprise service for one address, to be used once; refuses like `validate`."""
    schema = _schema(url)
    if _TWO_ADDRESSES.search(url):
        raise Refused(_SEVERAL, count=2)
    _may_be_used(schema)
    apprise = library()
    kept = {"storage_mode": "memory", "image_url_mask": None, "image_url_logo": None, "http_redirects": False}
    kept |= {"app_id": "Tocsin", "app_desc": "Tocsin", "app_url": "", "interpret_emojis": False}
    service = apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(**(kept | asset)))
    if service is None:
        native = schema in {"http", "https"}
        known = not native and schema in apprise.manager_plugins.NotificationManager()
        raise Refused(_INCOMPLETE if known else _UNKNOWN, schema=schema)
    # https:// addresses of known services turn into their own schema.
    _may_be_used(service.schema)
    if not _speaks_http(service):
        raise Refused(_NOT_HTTP, schema=schema)
    if any(isinstance(value, apprise.AppriseAttachment) and len(value) for value in vars(service).values()):
        raise Refused(_TEMPLATE)
    if hasattr(service, "batch"):
        service.batch = False
    if len(service) > 1:
        raise Refused(_SEVERAL, count=len(service))
    return service


def secrets_of(url: str) -> list[str]:
    """The parts of an address that must not be shown, longest first."""
    rest = url.partition("://")[2]
    parts = {part for piece in re.split(r"[/:@?&=#,\s]+", rest) for part in (piece, unquote(piece))}
    return sorted((part for part in parts if len(part) >= 4), key=len, reverse=True)


@functools.cache
def library() -> Any:
    """Apprise itself; imported late because that takes a third of a second and many installations need none."""
    with _loading, warnings.catch_warnings():
        # Its adapters import modules of the standard library that are to go.
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise: Any = importlib.import_module("apprise")
        importlib.import_module("apprise.manager_plugins").NotificationManager().load_modules()
        # Below a warning it would write the message itself to the log.
        logging.getLogger("apprise").setLevel(logging.WARNING)
    return apprise


def _schema(url: str) -> str:
    schema, found, rest = url.strip().partition("://")
    if not found or not rest or not re.fullmatch(r"[A-Za-z0-9]{1,20}", schema) or not url.isprintable():
        raise Refused(N_("Write an address such as ntfys://ntfy.example.org/topic."))
    return schema.lower()


def _may_be_used(schema: str) -> None:
    if schema in FORBIDDEN:
        raise Refused(FORBIDDEN[schema], schema=schema)


def _speaks_http(service: Any) -> bool:
    modules = [sys.modules[kind.__module__] for kind in type(service).__mro__ if kind is not object]
    return any(hasattr(module, "requests") for module in modules)
