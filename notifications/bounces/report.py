"""What a mail that came back says: the finding, its code, who said it, and which of our mails it may be about."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Finding(enum.Enum):
    """What came in. Only `FAILED`, `DELIVERED` and `COMPLAINT` change anything.

    `DELAYED` is a mail system that still tries. `OTHER` is everything that is no report: people write to this
    mailbox too.
    """

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto-reply"
    OTHER = "other"


@dataclass(frozen=True)
class Report:
    """What was read in one mail. No address is kept.

    `status` is the code of RFC 3463, such as 5.1.1, or the reply code of SMTP; `server` is the host that said so.
    `marks` look like ours and are yet to be proved, the more trustworthy first; `message_ids` are the tokens of
    Message-IDs that look like ours.
    """

    finding: Finding
    status: str | None = None
    server: str | None = None
    marks: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()


NOTHING = Report(Finding.OTHER)
"""What is read in a mail that cannot be read."""
