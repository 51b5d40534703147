"""A class that begins: many people log in within seconds, while others ask for the login page.

Both hubs run on one booted server, and one rests while the other is asked.  The people's clients
share its processors, as they do for both.
"""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests

from bench import plain_hub
from bench.report import Row
from bench.serving import PLAIN_IS
from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import Installation
from support.people import PASSWORD, make_people

PEOPLE = 50
#: Their logins, and the requests for the login page, are spread over so many seconds.
WITHIN = 10.0
PAGES = 500
SAYS_MORE = "sudo and PAM report each start of a server, and logind each session"
#: Anyone whose server is not ready by then has given up.
PATIENCE = 180.0


@dataclass(frozen=True)
class Crowd:
    """What became of everybody."""

    #: Seconds from each login to the ready server, of those who got one.
    ready: list[float]
    #: Seconds of each request for the login page that was answered.
    pages: list[float]
    failed_pages: int
    #: What the journal grew by, in MB.
    journal: float


def measure(server: BootedServer, installation: Installation, rounds: int) -> list[Row]:
    """Seconds until people's servers are ready, and what others notice meanwhile."""
    make_people(server, "crowd", PEOPLE)
    plain_hub.start(server)
    plain_hub.wait(installation)
    pairs = []
    for _ in range(rounds):
        ours = come_and_go(server, server.host.url, installation.ca)
        plain = come_and_go(server, plain_hub.url(installation), installation.ca)
        pairs.append((ours, plain))
    return rows(pairs)


def rows(pairs: list[tuple[Crowd, Crowd]]) -> list[Row]:
    """The table's rows."""

    def each(value: str) -> list[tuple[float, float]]:
        return [(figures(ours)[value], figures(plain)[value]) for ours, plain in pairs]

    return [
        Row("people whose server is ready", PLAIN_IS, each("ready"), "%", more_is_better=True),
        Row("the last one's server is ready", PLAIN_IS, each("last")),
        Row("from the login to the ready server, median", PLAIN_IS, each("median")),
        Row("the login page meanwhile, 95th percentile", PLAIN_IS, each("page")),
        Row("requests for it that succeed", PLAIN_IS, each("pages"), "%", more_is_better=True),
        Row("the journal grows by", PLAIN_IS, each("journal"), "MB", why=SAYS_MORE),
    ]


def figures(crowd: Crowd) -> dict[str, float]:
    """One crowd in figures; for anyone without a server, the whole of their patience counts."""
    waited = crowd.ready + [PATIENCE] * (PEOPLE - len(crowd.ready))
    return {
        "ready": 100 * len(crowd.ready) / PEOPLE,
        "last": max(waited),
        "median": statistics.median(waited),
        "page": statistics.quantiles(crowd.pages or [PATIENCE] * 2, n=20)[-1],
        "pages": 100 * len(crowd.pages) / (len(crowd.pages) + crowd.failed_pages),
        "journal": crowd.journal,
    }


def come_and_go(server: BootedServer, url: str, ca: Path) -> Crowd:
    """Have everybody log in, wait for their server, and stop it once all have one."""
    before = journal_size(server)
    everybody_is_served = threading.Barrier(PEOPLE + 1)
    with ThreadPoolExecutor(PEOPLE) as people, ThreadPoolExecutor(16) as strangers:
        waits = [
            people.submit(visit, HubClient(url, ca, f"crowd{number}"), number, everybody_is_served)
            for number in range(PEOPLE)
        ]
        begin = time.monotonic()
        asked = [
            strangers.submit(ask_for_page, url, ca, begin + number * WITHIN / PAGES)
            for number in range(PAGES)
        ]
        pages = [future.result() for future in asked]
        everybody_is_served.wait()
        ready = [future.result() for future in waits]
    answered = [seconds for seconds in pages if seconds is not None]
    return Crowd(
        ready=[seconds for seconds in ready if seconds is not None],
        pages=answered,
        failed_pages=len(pages) - len(answered),
        journal=journal_size(server) - before,
    )


def visit(person: HubClient, number: int, done: threading.Barrier) -> float | None:
    """Log in, in turn; the seconds to the ready server, or None if there is none in time."""
    time.sleep(number * WITHIN / PEOPLE)
    begin = time.monotonic()
    taken = None
    try:
        person.log_in(PASSWORD).raise_for_status()
        person.hub_api("POST", f"/users/{person.user}/server").raise_for_status()
        while taken is None and time.monotonic() - begin < PATIENCE:
            time.sleep(1)
            answer = person.hub_api("GET", f"/users/{person.user}").json()
            if answer["servers"].get("", {}).get("ready"):
                taken = time.monotonic() - begin
    except (requests.RequestException, AssertionError, KeyError, ValueError):
        pass  # this person has no server
    done.wait()
    person.hub_api("DELETE", f"/users/{person.user}/server")
    return taken


def ask_for_page(url: str, ca: Path, moment: float) -> float | None:
    """A stranger's request for the login page at a moment; its seconds, or None if it failed."""
    time.sleep(max(0.0, moment - time.monotonic()))
    begin = time.monotonic()
    try:
        HubClient(url, ca, "stranger").get("/hub/login").raise_for_status()
    except requests.RequestException:
        return None
    return time.monotonic() - begin


def journal_size(server: BootedServer) -> float:
    """The bytes of all messages since the boot, in MB."""
    return len(server.output("journalctl", "--boot", "--output=cat")) / 1e6
