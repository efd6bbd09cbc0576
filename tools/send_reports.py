"""Send a file of texts through the public form of a running Tocsin, as people would.

    python -m tools.send_reports FILE URL [--column NAME] [--limit 50] [--clients 1] [--answers] [--codes FILE]

FILE holds one JSON string a line, or is a CSV (also .csv.gz) with --column. Each text is one report. The summary
goes to standard output; it ends in 1 if a report came back without a receipt. Sends to this machine only, unless
--anywhere says otherwise.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import html
import itertools
import json
import re
import statistics
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MOST = 10_000
ANSWERS = ("yes", "no", "unknown")
HERE = ("127.0.0.1", "localhost", "::1")
CODE = re.compile(r"(?<!\d)\d{4} \d{4} \d{4} \d{4}(?!\d)")
TOKEN = re.compile(r"<input[^>]*\bname=[\"']form_token[\"'][^>]*>")
VALUE = re.compile(r"\bvalue=[\"']([^\"']*)[\"']")


# No proxy from the environment between us and this machine; main allows http and https alone.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


@dataclass(frozen=True)
class Sent:
    """What came back for one report; `seconds` is the time of its POST alone."""

    status: int
    code: str | None
    seconds: float


def texts(path: Path, column: str | None) -> Iterator[str]:
    """The texts of a file, as they stand there. Raises ValueError, saying which line is wrong."""
    opener = gzip.open if path.suffix == ".gz" else open
    # newline="" keeps every line end that stands inside a text.
    with opener(path, "rt", encoding="utf-8-sig", newline="") as lines:
        if column is not None:
            csv.field_size_limit(1 << 24)
            rows = csv.DictReader(lines)
            if column not in (rows.fieldnames or ()):
                raise ValueError(f"{path.name} has no column {column!r}, only: {', '.join(rows.fieldnames or ())}")
            yield from (row[column] for row in rows if (row[column] or "").strip())
            return
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            text = json.loads(line)
            if not isinstance(text, str):
                raise ValueError(f"{path.name}, line {number}: this is not a JSON string")
            yield text


def send(url: str, text: str, answer: str, *, timeout: float) -> Sent:
    """Load the form as a browser does, send one report, and read the code from its receipt."""
    with _open(url, timeout=timeout) as form:
        page = form.read().decode("utf-8", "replace")
    field = TOKEN.search(page)
    value = VALUE.search(field[0]) if field else None
    token = html.unescape(value[1]) if value else ""
    body = urllib.parse.urlencode({"what": text, "still_happening": answer, "form_token": token}).encode()
    began = time.perf_counter()
    try:
        with _open(url, data=body, timeout=timeout) as answered:
            status, receipt = answered.status, answered.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        with refused:
            status, receipt = refused.code, ""
    seconds = time.perf_counter() - began
    return Sent(status, code_in(receipt), seconds)


def code_in(receipt: str) -> str | None:
    """The 16-digit code of a receipt page, in four groups."""
    plain = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", receipt)).split())
    found = CODE.search(plain)
    return found[0] if found else None


def main(arguments: list[str] | None = None) -> int:
    """Send the file and print what came back."""
    asked = _asked(arguments)
    parts = urllib.parse.urlsplit(asked.url)
    if parts.scheme not in ("http", "https") or (parts.hostname not in HERE and not asked.anywhere):
        print("send_reports: only http(s) to this machine, unless you say --anywhere", file=sys.stderr)
        return 2
    chosen = list(itertools.islice(texts(asked.file, asked.column), min(asked.limit, MOST)))
    answers = itertools.cycle(ANSWERS if asked.answers else ("unknown",))
    url = asked.url.rstrip("/") + "/"
    began = time.perf_counter()
    with ThreadPoolExecutor(asked.clients) as pool:
        jobs = [pool.submit(send, url, text, next(answers), timeout=asked.timeout) for text in chosen]
        sent = [job.result() for job in jobs]
    _summary(sent, time.perf_counter() - began)
    if asked.codes:
        asked.codes.write_text("".join(f"{one.code or ''}\n" for one in sent), encoding="ascii")
    return 0 if all(one.code for one in sent) else 1


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.send_reports", description="Send a file of texts through the public report form."
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    parser.add_argument("--column", help="the column of a CSV that holds the text")
    parser.add_argument("--limit", type=int, default=50, help=f"at most so many reports (never more than {MOST})")
    parser.add_argument("--clients", type=int, default=1, choices=range(1, 65), metavar="1-64")
    parser.add_argument("--answers", action="store_true", help='take turns with "still happening"; else "unknown"')
    parser.add_argument("--codes", type=Path, help="write the codes here, one a line, in the order of the file")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds for each answer")
    parser.add_argument("--anywhere", action="store_true", help="also to other machines")
    return parser.parse_args(arguments)


def _summary(sent: list[Sent], took: float) -> None:
    codes = [one.code for one in sent if one.code]
    print(f"sent       {len(sent)}")
    print(f"receipts   {len(codes)}, different codes: {len(set(codes))}")
    for status in sorted({one.status for one in sent if not one.code}):
        print(f"no receipt {sum(one.status == status for one in sent if not one.code)} with status {status}")
    if len(sent) > 1:
        cuts = statistics.quantiles((one.seconds * 1000 for one in sent), n=100, method="inclusive")
        print(f"POST       p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms")
    print(f"in all     {took:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
