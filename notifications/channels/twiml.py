"""What a phone gateway is told to say or ask, in Twilio's markup."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from babel.core import get_global

LOOPS = 3
"""So often a call says its message before it gives up: who wakes has not heard the beginning."""

WAIT_SECONDS = 6


def ask(text: str, *, digits: int, answer_at: str, locale: str, otherwise: str) -> str:
    """Say a text several times and take `digits` from the keypad; without any, say `otherwise` and hang up."""
    root = Element("Response")
    for _ in range(LOOPS):
        taking = SubElement(
            root, "Gather", input="dtmf", numDigits=str(digits), timeout=str(WAIT_SECONDS), action=answer_at
        )
        _say(taking, text, locale)
    _say(root, otherwise, locale)
    return _written(root)


def say(text: str, *, locale: str) -> str:
    """Say a text and hang up."""
    root = Element("Response")
    _say(root, text, locale)
    return _written(root)


def reply(text: str) -> str:
    """Answer a message with a message."""
    root = Element("Response")
    SubElement(root, "Message").text = text
    return _written(root)


def _say(parent: Element, text: str, locale: str) -> None:
    SubElement(parent, "Say", language=spoken_language(locale)).text = " ".join(text.split())


def spoken_language(locale: str) -> str:
    """A language as voices are named: with its usual country, such as de-DE. English is British."""
    language, _, country = locale.replace("-", "_").partition("_")
    if language == "en" and not country:
        return "en-GB"
    likely = str(get_global("likely_subtags").get(language, ""))
    return f"{language}-{country or likely.rpartition('_')[2] or language.upper()}"


def _written(root: Element) -> str:
    return tostring(root, encoding="unicode", short_empty_elements=True)
