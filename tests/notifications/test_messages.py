"""What a message says, and what it never says."""

from __future__ import annotations

from incidents import thread, triage
from incidents.timeline import person_as_actor
from notifications.messages import signed, unsigned
from tests.makers import Cast
from tests.nights.conftest import night
from tests.nights.night import Night

__all__ = ["night"]


def test_no_word_of_a_report_and_no_name_is_in_any_message(night: Night, cast: Cast) -> None:
    words = {"where": "Zanzibar office", "contact": "rosa@private.example", "whose": "Quentin Xylander"}
    receipt = night.report("Someone stole the kryptonite ledger", words=words)
    night.wait(minutes=16)
    night.act(triage.look_at, receipt.report.incident_id, by=person_as_actor(cast.dana))
    night.act(thread.add, receipt.report, "It was the kryptonite of Quentin Xylander")
    night.wait(step=600, hours=5)  # by day it is told

    said = "\n".join(f"{ring.message.subject}\n{ring.message.text}\n{ring.message.html}" for ring in night.phone.rings)

    assert len(night.phone.rings) == 6
    for secret in ("kryptonite", "Zanzibar", "rosa@", "Quentin", "Dana", "Tariq", receipt.code):
        assert secret not in said


def test_a_page_bears_code_name_urgency_next_act_and_a_link_under_the_public_address(night: Night) -> None:
    receipt = night.report()

    message = night.rings("dana")[0].message

    assert message.subject == f"{receipt.report.incident.codename}: urgent"
    assert "Next: Say what it is" in message.text
    assert "By Tue 24 Nov 2026 03:00 (Europe/London), 03:00 UTC" in message.text
    link = next(line for line in message.text.splitlines() if line.startswith("http"))
    assert link.startswith("http://localhost:8000/p/")
    assert unsigned(night.installation.keyring, link.rpartition("/p/")[2]) == message.key


def test_a_link_with_another_signature_opens_nothing(night: Night) -> None:
    keyring = night.installation.keyring
    carried = signed(keyring, "0" * 32)

    assert unsigned(keyring, carried) == "0" * 32
    name, _dot, signature = carried.rpartition(".")
    # The first sign: of the last one, two bits count for nothing.
    other = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert unsigned(keyring, f"{name}.{other}") is None
    assert unsigned(keyring, "nonsense") is None
