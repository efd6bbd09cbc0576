"""Reports sent by many at once: `python -m tools.bench.load PORT CLIENTS SECONDS`, a process of its own.

Each client is a thread with a connection that it keeps; it sends the public form, waits for the whole answer, and
sends the next. What came of it is printed as JSON.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

from tools.bench.processes import HOST, ROOT, environment, python

GIVE_UP = 60.0
HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "text/html",
    "Accept-Language": "en-GB,en;q=0.8",
}
WHAT = (
    "A letter with somebody else's statement came back opened. We do not know who has read it. "
    "The envelope was torn at the side, and the second sheet with the address is missing."
)


@dataclass
class Came:
    """What came of a burst: milliseconds of each answer, failures by what they were, and how long it all took."""

    milliseconds: list[float] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, other: Came) -> None:
        """Count another burst in."""
        self.milliseconds += other.milliseconds
        self.failures = dict(Counter(self.failures) + Counter(other.failures))
        self.seconds += other.seconds

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return len(self.milliseconds) / self.seconds if self.seconds else 0.0


def body(what: str = WHAT, still_happening: str = "no") -> bytes:
    """The form as a browser sends it: every field, most of them empty, and the form's own token."""
    fields = {"form_token": secrets.token_urlsafe(18), "what": what, "still_happening": still_happening}
    empty = ("noticed_at", "occurred_at", "which_data", "whose", "how_many", "where", "not_for", "contact")
    return urlencode({**fields, **dict.fromkeys(empty, ""), "relation": "unsaid"}).encode()


def burst(port: int, clients: int, seconds: float) -> Came:
    """Send reports with so many clients for so long, from this process."""
    came, ready, guard = Came(), threading.Barrier(clients + 1), threading.Lock()

    def client() -> None:
        connection = HTTPConnection(HOST, port, timeout=GIVE_UP)
        mine = Came()
        ready.wait()
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            _send(connection, mine)
        connection.close()
        with guard:
            came.add(mine)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.monotonic()
    for thread in threads:
        thread.join()
    came.seconds = time.monotonic() - begun
    return came


def _send(connection: HTTPConnection, came: Came) -> None:
    sent, begun = body(), time.monotonic()
    try:
        connection.request("POST", "/", sent, HEADERS)
        answer = connection.getresponse()
        answer.read()
        failure = None if answer.status == 200 else str(answer.status)
    except (OSError, HTTPException) as error:
        connection.close()
        failure = type(error).__name__
    if failure is None:
        came.milliseconds.append((time.monotonic() - begun) * 1000)
    else:
        came.failures[failure] = came.failures.get(failure, 0) + 1


def apart(port: int, clients: int, seconds: float) -> Came:
    """The same from a process of its own, so that the sender's work is not the server's."""
    done = subprocess.run(
        python("tools.bench.load", str(port), str(clients), str(seconds)),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        timeout=seconds + 2 * GIVE_UP,
        check=True,
    )
    return Came(**json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(asdict(burst(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))))
