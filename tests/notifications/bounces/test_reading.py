"""What is read in mails that came back, of many makes, broken and hostile ones among them."""

from __future__ import annotations

import base64
import gzip
import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from notifications.bounces.causes import cause_of
from notifications.bounces.reading import read
from notifications.bounces.report import Finding, Report

SAMPLES = Path(__file__).parents[2] / "data" / "mail" / "bounces.jsonl.gz"
NOT_READ = {"sisimai/lhost-fml-02.eml", "sisimai/arf-26.eml"}
"""A mailing list that knows no such member, and an unsubscribing that its collection files under complaints."""

DSN = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: bounces@tocsin.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

The mail system

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; {server}

Final-Recipient: rfc822; dana@northwind.example
Action: {action}
Status: {status}

--b--
"""


def dsn(action: str = "failed", status: str = "5.1.1", server: str = "mx.example.com") -> bytes:
    return DSN.format(action=action, status=status, server=server).encode()


def samples() -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(SAMPLES.read_bytes()).splitlines()]


def test_mails_of_many_makes_are_read_as_a_person_would_read_them() -> None:
    found = {
        row["name"]: (row["finding"], read(base64.b64decode(row["raw_base64"])).finding.value) for row in samples()
    }

    wrong = {name for name, (meant, got) in found.items() if meant != got}

    assert len(found) == 113
    assert wrong == NOT_READ


@pytest.mark.parametrize(
    ("action", "status", "finding"),
    [
        ("failed", "5.1.1", Finding.FAILED),
        ("failed", "4.4.7", Finding.FAILED),
        ("delayed", "4.4.1", Finding.DELAYED),
        ("delivered", "2.0.0", Finding.DELIVERED),
        ("relayed", "2.0.0", Finding.OTHER),
        ("expanded", "2.0.0", Finding.OTHER),
    ],
)
def test_a_report_says_what_its_action_says(action: str, status: str, finding: Finding) -> None:
    assert read(dsn(action, status)).finding is finding


def test_the_code_and_the_server_become_a_plain_cause() -> None:
    outcome = cause_of(read(dsn()))

    assert outcome.detail == "The mailbox does not exist (5.1.1, said by mx.example.com)."


@pytest.mark.parametrize(
    "server", ["dana@northwind.example", "mx\r\nBcc: x", "<script>", "a" * 300 + ".example", "[::1]"]
)
def test_no_address_and_nothing_odd_gets_into_the_cause(server: str) -> None:
    report = read(dsn(server=server))

    assert report.server == "mx.example.com"  # the domain of the report's own sender


def test_a_cause_is_a_sentence_however_little_is_known() -> None:
    known = [Report(Finding.FAILED), Report(Finding.FAILED, "550"), Report(Finding.FAILED, None, "mx.example.com")]

    sentences = [cause_of(report).detail for report in (*known, Report(Finding.COMPLAINT))]

    assert [sentence.endswith(".") and "%" not in sentence and "None" not in sentence for sentence in sentences] == [
        True
    ] * 4


def test_an_answer_that_says_a_mailbox_no_longer_exists_is_no_failure() -> None:
    answer = (
        b"From: Dana <dana@northwind.example>\nTo: bounces@tocsin.example\nAuto-Submitted: auto-replied\n"
        b"Subject: Automatic reply: AMBER HERON\n\nThis mailbox no longer exists. My old address is unknown.\n"
    )

    assert read(answer).finding is Finding.AUTO_REPLY


def test_what_a_provider_tells_as_json_is_read_as_a_mail_or_as_a_request() -> None:
    told = {"notificationType": "Bounce", "bounce": {"reportingMTA": "dns; mx.example.com", "bouncedRecipients": [
        {"status": "5.1.1", "emailAddress": "dana@northwind.example"}]}}  # fmt: skip
    request = json.dumps({"Type": "Notification", "Message": json.dumps(told)}).encode()
    mail = b"From: no-reply@sns.example\nSubject: Notification\n\n" + json.dumps(told).encode()

    assert [(read(raw).finding, read(raw).status, read(raw).server) for raw in (request, mail)] == [
        (Finding.FAILED, "5.1.1", "mx.example.com")
    ] * 2


HOSTILE = {
    "nothing": b"",
    "noise": bytes(range(256)) * 400,
    "json": b"{" * 100_000,
    "nested": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)),
    "many parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: text/plain\n\nx\n" * 20_000,
    "a long header": b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\nx",
    "an odd charset": b'Content-Type: text/plain; charset="no-such"\nSubject: =?no-such?q?a?=\n\nundeliverable \xff',
    "an odd encoding": b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + b"!" * 100_000,
    "brackets": b"From: mailer-daemon@x.example\nSubject: a\n\n" + b"<a " * 100_000,
    "colons": b"From: mailer-daemon@x.example\nSubject: a\n\n" + b": error: " * 60_000,
    "dashes": b"From: mailer-daemon@x.example\nSubject: a\n\n" + b"-" * 300_000,
    "marks": b"From: mailer-daemon@x.example\nSubject: a\n\n" + (b"a" * 42 + b" ") * 6000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_anybody_sends_raises_or_takes_long(raw: bytes) -> None:
    began = time.perf_counter()

    read(raw)

    assert time.perf_counter() - began < 5


def test_a_mail_of_thirty_megabytes_is_read_in_bounded_time_and_memory() -> None:
    raw = dsn() + b"--b\nContent-Type: message/rfc822\n\n" + b"x" * 76 * 400_000
    tracemalloc.start()
    began = time.perf_counter()

    report = read(raw)

    seconds, peak = time.perf_counter() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(raw) > 30_000_000
    assert (report.finding, seconds < 5, peak < 20_000_000) == (Finding.FAILED, True, True)
