"""What the receipt tells a reporter to do and not to do, unless the organisation wrote its own sentences."""

from __future__ import annotations

from incidents.words import N_

DO: tuple[str, ...] = (
    N_("Note what you saw, and at what time."),
    N_("Leave everything as it is: messages, screens, the device itself."),
    N_("Stay within reach, and tell whoever calls you all that you know."),
)
DONT: tuple[str, ...] = (
    N_("Delete, repair or restart anything: it may be needed as proof."),
    N_("Look further into data that are not meant for you, or copy them."),
    N_("Tell customers, colleagues or the press before the people in charge have called you."),
)
