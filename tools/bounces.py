"""How many reports about mails are read rightly.

    python -m tools.bounces FILE

FILE holds one mail a line as JSON, plain or .gz: `raw_base64`, and what it is as `finding` (failed, delayed,
delivered, complaint, auto-reply, other) or as `kind` (delivery_failed, delay_only, feedback_ignore,
auto_reply_ignore). Ends in 1 when fewer than 97 of 100 are read rightly, or anything else counts as failed.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from notifications.bounces.reading import read

ENOUGH = 0.97
KINDS = {
    "delivery_failed": "failed",
    "delay_only": "delayed",
    "feedback_ignore": "complaint",
    "auto_reply_ignore": "auto-reply",
}
REALLY = {
    **dict.fromkeys(("exim-38", "exim-41", "gmail-08", "gmail-09", "zoho-04"), "delayed"),
    "amazonses-13": "delivered",
    "qmail_08": "auto-reply",
    "groupwise_03": "other",
}
"""Mails whose `kind` is only a default, and what they say when read by a person."""


def meant(row: dict[str, Any]) -> str:
    """What a mail is."""
    name = Path(row["name"]).stem.removeprefix("lhost-")
    return row.get("finding") or REALLY.get(name) or KINDS[row["kind"]]


def rows(path: Path) -> list[dict[str, Any]]:
    """The mails of a file."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in raw.splitlines()]


def main(arguments: list[str] | None = None) -> int:
    """Read them all, and print what was read as what."""
    parser = argparse.ArgumentParser(prog="python -m tools.bounces", description=main.__doc__)
    parser.add_argument("file", type=Path)
    mails = rows(parser.parse_args(arguments).file)
    began = time.perf_counter()
    found = [(meant(row), read(base64.b64decode(row["raw_base64"])).finding.value, row["name"]) for row in mails]
    seconds = time.perf_counter() - began
    for (is_, read_as), number in sorted(Counter((is_, read_as) for is_, read_as, _ in found).items()):
        print(f"{number:5} {is_:10} read as {read_as}")
    for is_, read_as, name in found:
        if is_ != read_as:
            print(f"      {name}: {is_} read as {read_as}")
    right = sum(is_ == read_as for is_, read_as, _ in found) / len(found)
    wrongly_failed = sum(read_as == "failed" != is_ for is_, read_as, _ in found)
    print(f"{right:.1%} of {len(found)} read rightly, {seconds / len(found) * 1000:.1f} ms each")
    return 0 if right >= ENOUGH and not wrongly_failed else 1


if __name__ == "__main__":
    sys.exit(main())
