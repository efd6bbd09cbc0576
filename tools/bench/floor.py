"""The floor of the intake: a bare Flask view that stores a report and an outbox row durably, and nothing else.

`python -m tools.bench.floor PORT DATABASE THREADS` serves it with waitress. The standard library's sqlite3, WAL with
synchronous=FULL, BEGIN IMMEDIATE, one writer connection behind a lock.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import sys
import threading
from datetime import UTC, datetime

from flask import Flask, request
from waitress.server import create_server

from tools.bench.processes import HOST

SCHEMA = """
CREATE TABLE report (
  id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, received_at TEXT NOT NULL, what TEXT NOT NULL,
  still_happening TEXT NOT NULL, whose TEXT, place TEXT, contact TEXT, code TEXT NOT NULL UNIQUE, form TEXT UNIQUE
);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, report_id INTEGER NOT NULL REFERENCES report, due_at TEXT NOT NULL);
"""
STORE = (
    "INSERT INTO report (reference, received_at, what, still_happening, whose, place, contact, code, form)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def create_app(database: str) -> Flask:
    """The bare application over a new database."""
    app, writer, lock = Flask(__name__), sqlite3.connect(database, check_same_thread=False), threading.Lock()
    writer.isolation_level = None
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("PRAGMA synchronous=FULL")
    writer.executescript(SCHEMA)

    @app.post("/")
    def send() -> str:
        told, now = request.form, datetime.now(UTC).isoformat()
        row = (
            secrets.token_hex(8),
            now,
            told["what"],
            told["still_happening"],
            told["whose"],
            told["where"],
            told["contact"],
            secrets.token_hex(8),
            told["form_token"],
        )
        with lock:
            writer.execute("BEGIN IMMEDIATE")
            made = writer.execute(STORE, row).lastrowid
            writer.execute("INSERT INTO outbox (report_id, due_at) VALUES (?, ?)", (made, now))
            writer.execute("COMMIT")
        return f"Received: {row[0]}"

    return app


if __name__ == "__main__":
    logging.getLogger("waitress").setLevel(logging.ERROR)
    create_server(create_app(sys.argv[2]), host=HOST, port=int(sys.argv[1]), threads=int(sys.argv[3])).run()
