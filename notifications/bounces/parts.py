"""From the bytes of a mail to its few parts that matter, within bounded time and memory, however malformed it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

LONGEST = 262_144
"""So many bytes of a mail are read, from its start: what a report says stands before the mail that it returns."""

MOST_PARTS = 50
LONGEST_TEXT = 65_536
_LONGEST_HEADER = 2_000

_STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED = re.compile(
    r"^(?:received|return-path|dkim-signature|x-originating-ip|x-mailer|message-id|mime-version):\s"
    r"|^[ \t>*=#-]*(?:below this line|this is a copy of the message|original message (?:follows|header)|"
    r"message headers? follows?|unsent message|returned (?:message|mail)|original (?:mail|message)\b|"
    r"start of (?:the )?(?:returned|original)|the (?:original )?headers? (?:of|for) (?:the )?(?:message|mail)|"
    r"header of the|message text follows|message contents follow|the first \d+ (?:bytes|lines))",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass
class Parts:
    """A mail taken apart. `text` is what a person would read first, cut where the returned mail begins.

    `status` holds the lines of a delivery report (RFC 3464), `read_receipt` those of an answer of the reader's own
    program (RFC 8098), `feedback` tells a complaint (RFC 5965).
    """

    head: Message
    text: str = ""
    status: str = ""
    read_receipt: str = ""
    feedback: bool = False
    everything: list[str] = field(default_factory=list)

    def header(self, name: str) -> str:
        """A header of the mail itself on one line; empty without it."""
        found = (value for key, value in self.head.raw_items() if key.lower() == name.lower())
        return plain(next(found, ""))


def take_apart(raw: bytes) -> Parts:
    """The parts of a mail. Raises what the parser of the standard library raises on hopeless input."""
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    found = Parts(BytesParser(policy=compat32).parsebytes(raw[:LONGEST]))
    returned = False
    for number, part in enumerate(found.head.walk()):
        if number >= MOST_PARTS:
            break
        kind = part.get_content_type()
        if kind in _STATUS_PARTS:
            found.status += _raw_text(part)[:LONGEST_TEXT]
        elif kind == "message/feedback-report":
            found.feedback = True
        elif kind == "message/disposition-notification":
            found.read_receipt += _raw_text(part)[:LONGEST_TEXT]
        elif kind in ("message/rfc822", "message/global", "text/rfc822-headers"):
            returned = True
        # A multipart without a single boundary is one text.
        if not part.is_multipart() and part.get_content_maintype() in ("text", "multipart"):
            decoded = _decoded(part)[:LONGEST_TEXT]
            found.everything.append(decoded)
            if not returned and not part.get_filename():
                found.text += f"{_visible(decoded, kind)}\n"
    found.text = _before_the_returned(found.text)[:LONGEST_TEXT]
    return found


def plain(value: object) -> str:
    """A header on one line, encoded words decoded as far as they can be."""
    from email.header import decode_header

    text = _in_letters(str(value)[:_LONGEST_HEADER].encode("utf-8", "surrogateescape"), None)
    try:
        pieces = decode_header(text)
    except Exception:  # the standard library raises several kinds here
        pieces = [(text, None)]
    words = "".join(_in_letters(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces)
    return " ".join(words.split())


def _raw_text(part: Message) -> str:
    """The lines of a delivery report as they came: the parser takes each of its blocks for a mail of its own."""
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [
            "\n".join(f"{name}: {value}" for name, value in block.items()) + f"\n{block.get_payload()}"
            for block in payload
            if isinstance(block, Message)
        ]
        return "\n\n".join(blocks)
    return _decoded(part)


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return _in_letters(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""


def _in_letters(body: bytes, charset: str | None) -> str:
    if b"\x1b$" in body:
        charset = "iso-2022-jp"  # many Japanese systems leave out the charset
    try:
        return body.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return body.decode("latin-1")


_SCRIPT = re.compile(r"<(script|style|title)\b.*?(</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(?![A-Za-z0-9._+-]+@)[^<>]{1,1000}>")


def _visible(text: str, kind: str) -> str:
    return _TAG.sub(" ", _SCRIPT.sub(" ", text)) if kind == "text/html" else text


def _before_the_returned(text: str) -> str:
    """What stands before the returned mail; all of it when that begins at once."""
    for found in _RETURNED.finditer(text):
        before = text[: found.start()]
        if len(before.strip()) > 40:
            return before
    return text
