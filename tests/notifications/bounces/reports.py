"""Reports about a mail, as a mail system would write them."""

from __future__ import annotations

from notifications.delivery import Delivery


def report(
    to: str = "bounces@tocsin.example",
    *,
    action: str = "failed",
    status: str = "5.1.1",
    envelope_id: str = "",
    message_id: str = "",
) -> bytes:
    """A delivery report (RFC 3464); it names our mail in as many ways as are given."""
    lines = [
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.com>",
        f"To: {to}",
        "Subject: Delivery Status Notification",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        "\n--b\n\nThis is the mail system.\n",
        "--b\nContent-Type: message/delivery-status\n",
        *([f"Original-Envelope-Id: {envelope_id}"] if envelope_id else []),
        "Reporting-MTA: dns; mx.example.com\n",
        "Final-Recipient: rfc822; dana@northwind.example",
        f"Action: {action}",
        f"Status: {status}\n",
        "--b\nContent-Type: text/rfc822-headers\n",
        "From: Northwind Looms <bell@tocsin.example>",
        *([f"Message-ID: {message_id}"] if message_id else []),
        "\n--b--\n",
    ]
    return "\n".join(lines).encode()


def message_id_of(delivery: Delivery) -> str:
    """What our mail was called."""
    return f"<{delivery.token}@tocsin.example>"
