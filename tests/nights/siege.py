"""A siege: Tocsin is killed again and again while reports come in, and afterwards every receipt is held against it.

    python -m tests.nights.siege --kills 200 --reports 500                     on SQLite
    python -m tests.nights.siege --kills 200 --reports 500 --workers 2         on PostgreSQL, pages and two workers

The database server is not killed; everything of Tocsin's own is, with SIGKILL, at random moments.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from app import database
from app.config import Settings
from app.installation import Installation
from incidents import intake
from incidents.law.clock import utcnow
from incidents.timeline import Bell
from notifications.delivery import Delivery
from notifications.page import PageEntry
from tests.makers import make_cast
from tests.nights.truth import answers, free_port, mail, mail_server, post, tocsin, until

SHORT = {"SMTP_TIMEOUT": 1.5, "WAIT_LEASE": 3, "TICK": 0.2, "WAIT_REPEAT": 5, "WAIT_QUIET": 600}
REPORTERS = 4
MESSAGE_ID = re.compile(r"^Message-ID: <([^@>]+)@", re.MULTILINE | re.IGNORECASE)
CALM_WITHIN = 120.0


@dataclass
class Outcome:
    """What was left after a siege. Everything but `receipts`, `kills` and the rings has to be 0."""

    kills: int = 0
    receipts: int = 0
    unstored: int = 0
    unrung: int = 0
    bells: int = 0
    pages: int = 0
    mails: int = 0
    double: int = 0
    seconds: float = 0.0

    def words(self) -> str:
        return (
            f"{self.kills} kills in {self.seconds:.0f} s; {self.receipts} receipts, {self.unstored} of them lost, "
            f"{self.unrung} stored reports without a page that reached the phone, {self.bells} bells left; "
            f"{self.pages} pages, {self.mails} mails, {self.double} of them rang twice"
        )


@dataclass
class Siege:
    """One siege of an installation that has its cast. `workers` above 0 runs pages and workers apart."""

    settings: Settings
    kills: int
    reports: int
    workers: int = 0
    seed: int = 1
    codes: list[str] = field(default_factory=list)
    killed: int = 0
    over: bool = False

    def run(self, folder: Path) -> Outcome:
        """Lay it, lift it, and look at what is left."""
        begun, mails = time.monotonic(), folder / "mails.jsonl"
        mails.touch()
        port = free_port()
        environment: dict[str, Any]
        with mail_server(mails) as smtp_port, ExitStack() as stack:
            environment = {"PORT": port, **SHORT, **mail(smtp_port)}
            words = [["serve"]] if not self.workers else [["serve", "--no-worker"], *[["worker"]] * self.workers]
            running = [self._start(stack, one, environment) for one in words]
            with self._reporting(port):
                chance = random.Random(self.seed)
                while self.killed < self.kills:
                    self._some_moment(chance, port)
                    which = chance.randrange(len(running))
                    _kill(running[which])
                    self.killed += 1
                    running[which] = self._start(stack, words[which], environment)
            self._calm()
            time.sleep(1.0)  # a ring under way is written down
        return self._outcome(mails, time.monotonic() - begun)

    def _some_moment(self, chance: random.Random, port: int) -> None:
        """Any moment: one in five while something starts, the others while reports come in."""
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0.0, 2.0))
            return
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), seconds=60)
        time.sleep(chance.uniform(0.0, 1.5))

    def _start(self, stack: ExitStack, words: list[str], environment: dict[str, Any]) -> subprocess.Popen[str]:
        return stack.enter_context(tocsin(self.settings, *words, **environment))

    @contextmanager
    def _reporting(self, port: int) -> Iterator[None]:
        """Reporters who keep pace with the kills, and end once all reports have their receipt."""
        people = [threading.Thread(target=self._report, args=(port, who)) for who in range(REPORTERS)]
        for person in people:
            person.start()
        yield
        self.over = True
        for person in people:
            person.join(120)

    def _report(self, port: int, who: int) -> None:
        number, ends = 0, None
        while len(self.codes) < self.reports:
            ends = ends or (time.monotonic() + CALM_WITHIN if self.over else None)
            assert ends is None or time.monotonic() < ends, "the form does not answer any more"
            if not self.over and len(self.codes) >= self.reports * (self.killed + 1) / self.kills:
                time.sleep(0.05)
                continue
            number += 1
            code = post(port, f"{who} {number}")
            if code:
                self.codes.append(code)
            else:
                time.sleep(0.1)

    def _calm(self) -> None:
        """Wait until every entry of every page has reached somebody."""
        house = Installation.open(self.settings)
        ends = time.monotonic() + CALM_WITHIN
        waiting = 1
        while waiting and time.monotonic() < ends:
            time.sleep(0.2)
            with house.store.reading() as session:
                waiting = (session.scalar(select(func.count(Bell.id))) or 0) + (
                    session.scalar(select(func.count(PageEntry.id)).where(PageEntry.rang_at.is_(None))) or 0
                )
        house.store.dispose()

    def _outcome(self, mails: Path, seconds: float) -> Outcome:
        keys = Counter(_key(line) for line in mails.read_text().splitlines() if line)
        house = Installation.open(self.settings)
        with house.store.reading() as session:
            found = [intake.by_code(session, code, keyring=house.keyring) for code in self.codes]
            reached: dict[int, int] = {}
            for page_id, through, token in session.execute(
                select(Delivery.page_id, Delivery.through_entry_id, Delivery.token).where(Delivery.page_id.is_not(None))
            ):
                if token in keys:
                    reached[page_id] = max(reached.get(page_id, 0), through or 0)
            rows = session.execute(select(PageEntry.page_id, PageEntry.entry_id)).all()
            rung = {entry_id for page_id, entry_id in rows if entry_id <= reached.get(page_id, 0)}
            outcome = Outcome(
                kills=self.killed,
                receipts=len(self.codes),
                unstored=sum(report is None for report in found),
                unrung=sum(report is not None and report.entry_id not in rung for report in found),
                bells=session.scalar(select(func.count(Bell.id))) or 0,
                pages=len({page_id for page_id, _entry in rows}),
                mails=sum(keys.values()),
                double=sum(count - 1 for count in keys.values()),
                seconds=seconds,
            )
        house.store.dispose()
        return outcome


def _kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(20)


def _key(line: str) -> str:
    """The delivery whose message a mail is: the name in its Message-ID."""
    found = MESSAGE_ID.search(json.loads(line)["raw"])
    return found[1] if found else ""


def main() -> None:
    """One siege on a database of its own."""
    from tests.plumbing import postgres

    parser = argparse.ArgumentParser(description="Kill Tocsin again and again while reports come in.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--reports", type=int, default=500)
    parser.add_argument("--workers", type=int, default=0, help="on PostgreSQL, that many workers apart from the pages")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings(instance=folder, public_address="http://localhost:8000")
        if asked.workers:
            cluster = stack.enter_context(postgres.running())
            settings = replace(settings, database_url=cluster.fresh_database())
        database.migrate(settings, now=utcnow())
        house = Installation.open(settings)
        make_cast(house, now=utcnow())
        house.store.dispose()
        print(Siege(settings, asked.kills, asked.reports, asked.workers).run(folder).words(), flush=True)


if __name__ == "__main__":
    main()
