"""The language of a page: found once a request, and each of its messages looked up once a process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations
from flask import Flask, current_app, g
from flask_babel.speaklater import LazyString
from markupsafe import Markup

from app.installation import Installation, catalogue

REMEMBERED = 4096
"""So many messages are kept ready: more than there are, for not every text that is looked up is a message."""


class Language:
    """What pages say in one language; `locale` is its name for dates and numbers."""

    def __init__(self, locale: str, words: NullTranslations) -> None:
        self.locale = locale
        self.words = words
        # A list says the same few messages some hundred times.
        self.message = lru_cache(REMEMBERED)(words.gettext)
        self.ready = lru_cache(REMEMBERED)(self._ready)

    def html(self, message: str) -> Markup:
        """A message as templates insert parameters into it: a format string, even where it has none."""
        return Markup(self.message(message))  # noqa: S704 - ours or the translator's; what people write goes in escaped

    def _ready(self, message: str) -> Markup:
        return self.html(message) % ()


SOURCE = Language("en", NullTranslations())
"""As the messages are written."""


@lru_cache(maxsize=32)
def _spoken(folder: Path, locale: str) -> Language:
    return Language(locale, catalogue(folder, locale))


# Asked for each message: past the proxy it is found three times as fast.
_g = g._get_current_object


def language() -> Language:
    """The language of this request; outside one, that of the source."""
    try:
        found: Language = _g().language
    except AttributeError:
        house: Installation = current_app.extensions["tocsin"]
        found = g.language = _spoken(house.translations, house.settings.language)
    except RuntimeError:  # nobody asks
        return SOURCE
    return found


def gettext(message: str, /, **params: Any) -> str:
    """A message in the reader's language. A format string only if there are parameters."""
    found = language().message(message)
    return found % params if params else found


def ngettext(singular: str, plural: str, num: int, /, **params: Any) -> str:
    """The form of a message that this number asks for; `%(num)s` is the number."""
    found: str = language().words.ngettext(singular, plural, num)
    return found % {"num": num, **params}


def lazy_gettext(message: str, /, **params: Any) -> LazyString:
    """A message that is looked up when it is shown: for tables that are made before anybody reads."""
    return LazyString(gettext, message, **params)


def _in_html(message: str, /, **params: Any) -> Markup:
    spoken = language()
    return spoken.html(message) % params if params else spoken.ready(message)


def _many_in_html(singular: str, plural: str, num: int, /, **params: Any) -> Markup:
    text = Markup(language().words.ngettext(singular, plural, num))  # noqa: S704 - as above
    return text % {"num": num, **params}


def teach(app: Flask) -> None:
    """Let the templates of an application speak: every one of them is HTML."""
    app.jinja_env.globals.update(_=_in_html, gettext=_in_html, ngettext=_many_in_html)
