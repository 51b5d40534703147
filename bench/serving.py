"""What a person waits for and what their server takes, next to JupyterHub by a recipe.

Both hubs run on one booted server at the same time; each round asks one and then the other.
"""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import debian_hub, plain_hub
from bench.cost import Failed
from bench.memory import TEAMHUB, Running, of_person
from bench.report import Limit, Row
from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import APT, PASSWORDS, Installation
from support.people import socket_of
from support.poller import Poller
from teamhub_shared import sockets

PERSON = "zoe"
PLAIN_IS = "JupyterHub as root, LocalProcessSpawner"
DIRECT_IS = "the same server without the proxy"
REQUESTS = 300
#: Inside the server: milliseconds of each request, as JSON, for a URL and a token.
ASK = """\
import http.client, json, socket, ssl, sys, time
from urllib.parse import unquote, urlsplit
url, token, number = urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if url.scheme == "https":
    trust = ssl.create_default_context(cafile="/root/ca.crt")
    connection = http.client.HTTPSConnection(url.netloc, context=trust)
else:
    connection = http.client.HTTPConnection("server")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(unquote(url.netloc))
taken = []
for _ in range(number):
    start = time.perf_counter()
    connection.request("GET", url.path, headers={"Authorization": f"token {token}"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    taken.append(1000 * (time.perf_counter() - start))
json.dump(taken, sys.stdout)
"""
#: Some seconds of requests over a few connections.
LOAD = ("wrk", "--threads=1", "--connections=8", "--duration=3s")

WHY_DIRECT = (
    "TLS and the proxy's process are between; a proxy that is compiled (traefik) would take less "
    "than Node.js does"
)
WHY_TLS = "the peer's proxy has no TLS, and is the same program; nothing short of another proxy"
WHY_PERSON = (
    "sudospawner's mediator waits beside each server, as the process that may start things as the "
    "person; a spawner that asks systemd for the server would need none"
)
WHY_HUB = (
    "the culler of idle servers, which the recipe does not have; it could run now and then instead"
)
WHY_STOP = "it goes through sudo as the person; systemd, which knows the session, could do it"
WHY_RESTART = (
    "ours checks the database before each start, and waits for the proxy's routes of servers that "
    "went on, of which the recipe's has none left"
)


@dataclass(frozen=True)
class Visit:
    """What a person waits for, in seconds."""

    #: From the password to JupyterLab's page.
    login_to_lab: float
    #: From the click to the ready server.
    start: float
    stop: float


def measure(server: BootedServer, installation: Installation, rounds: int) -> list[Row]:
    """Login, start, stop, memory, latency, and what a restart of the hub costs people.

    The person comes and goes four times a round.
    """
    debian_hub.use_mirror(server, installation.target.suite)
    server.run(*APT, "install", *debian_hub.TOOLS)
    plain_hub.start(server)
    server.run("tee", "/root/ca.crt", given=installation.ca.read_text())
    urls = (server.host.url, plain_hub.url(installation))
    plain_hub.wait(installation)
    hubs = [HubClient(url, installation.ca, PERSON) for url in urls]
    for hub in hubs:
        visit(hub)  # the first one finds cold caches
    ours, plain = hubs
    visits = [(visit(ours), visit(plain)) for _ in range(4 * rounds)]
    return [
        *visit_rows(visits),
        *memory_rows(server, ours, plain, rounds),
        *request_rows(server, ours, plain, rounds),
        *restart_rows(server, ours, plain, rounds),
    ]


def visit(person: HubClient) -> Visit:
    """Log in, open JupyterLab, stop the server."""
    person.session.cookies.clear()
    begin = time.monotonic()
    person.log_in(PASSWORDS[PERSON]).raise_for_status()
    start = person.spawn(pause=0.05)
    lab = time.monotonic()
    person.stop(pause=0.05)
    return Visit(lab - begin, start, time.monotonic() - lab)


def visit_rows(visits: Sequence[tuple[Visit, Visit]]) -> list[Row]:
    """Seconds, and how bad it gets."""
    lab = [(one.login_to_lab, other.login_to_lab) for one, other in visits]
    starts = [(one.start, other.start) for one, other in visits]
    stops = [(one.stop, other.stop) for one, other in visits]
    return [
        Row("from the password to JupyterLab", PLAIN_IS, lab),
        Row("the same, 95th percentile", PLAIN_IS, [slowest(lab)]),
        Row("from the click to the ready server", PLAIN_IS, starts, limit=Limit(times_peer=1)),
        Row("the same, 95th percentile", PLAIN_IS, [slowest(starts)]),
        Row("stopping it", PLAIN_IS, stops, why=WHY_STOP),
    ]


def slowest(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The 95th percentile of both."""
    if len(pairs) < 2:
        return pairs[0]
    one, other = (statistics.quantiles(each, n=20)[-1] for each in zip(*pairs, strict=True))
    return one, other


def memory_rows(server: BootedServer, ours: HubClient, plain: HubClient, rounds: int) -> list[Row]:
    """Memory of hub and proxy, and of one idle person."""
    hubs, people = [], []
    for _ in range(rounds):
        hub, person = memory_with_and_of(server, ours, TEAMHUB)
        other_hub, other_person = memory_with_and_of(server, plain, plain_hub.RUNNING)
        hubs.append((hub, other_hub))
        people.append((person, other_person))
    return [
        Row("memory of hub and proxy", PLAIN_IS, hubs, "MB", why=WHY_HUB),
        Row("memory of one idle person", PLAIN_IS, people, "MB", why=WHY_PERSON),
    ]


def memory_with_and_of(
    server: BootedServer, person: HubClient, hub: Running
) -> tuple[float, float]:
    """What a hub takes, and what somebody's server adds to it."""
    before = hub.memory(server)
    person.spawn()
    added = hub.memory(server) - before + of_person(server, PERSON)
    person.stop()
    return before, added


def request_rows(server: BootedServer, ours: HubClient, plain: HubClient, rounds: int) -> list[Row]:
    """Requests to the person's server: through both proxies, and straight."""
    latency: list[tuple[float, float]] = []
    load: list[float] = []
    path = f"/user/{PERSON}/api/status"
    ours.spawn()
    token = ours.new_token()
    straight = sockets.url(Path(socket_of(server, PERSON))) + path
    for _ in range(rounds):
        latency.append((ask(server, ours.url + path, token), ask(server, straight, token)))
        load.append(loaded(server, ours.url + path, token))
    ours.stop()
    plain.spawn()
    other = plain.new_token()
    tcp = [(own, ask(server, plain.url + path, other)) for own, _ in latency]
    beside = [(own, loaded(server, plain.url + path, other)) for own in load]
    plain.stop()
    what = "requests to a person's server"
    return [
        Row("a request to a person's server", DIRECT_IS, latency, "ms", why=WHY_DIRECT),
        Row("the same, Unix sockets beside TCP", PLAIN_IS, tcp, "ms", why=WHY_TLS),
        Row(what, PLAIN_IS, beside, "requests/s", why=WHY_TLS, more_is_better=True),
    ]


def ask(server: BootedServer, url: str, token: str) -> float:
    """The median of many requests over one connection, in milliseconds."""
    done = server.output("/usr/bin/python3", "-c", ASK, url, token, str(REQUESTS))
    taken: list[float] = json.loads(done)
    return statistics.median(taken)


def loaded(server: BootedServer, url: str, token: str) -> float:
    """The requests a second over some connections at once."""
    said = server.output(*LOAD, f"--header=Authorization: token {token}", url)
    if "Non-2xx" in said:
        raise Failed(said)
    (rate,) = re.findall(r"^Requests/sec: +([0-9.]+)$", said, re.MULTILINE)
    return float(rate)


def restart_rows(server: BootedServer, ours: HubClient, plain: HubClient, rounds: int) -> list[Row]:
    """What people notice while the hub restarts."""
    running, gaps = [], []
    for _ in range(rounds):
        succeeded, gap = restart(server, ours, "teamhub")
        other_succeeded, other_gap = restart(server, plain, plain_hub.UNIT)
        running.append((succeeded, other_succeeded))
        gaps.append((gap, other_gap))
    what = "requests to a running server that succeed while the hub restarts"
    return [
        Row(what, PLAIN_IS, running, "%", more_is_better=True),
        Row("login page away while the hub restarts", PLAIN_IS, gaps, why=WHY_RESTART),
    ]


def restart(server: BootedServer, person: HubClient, unit: str) -> tuple[float, float]:
    """The percent of requests to one server that succeed, and the login page's seconds away."""
    person.log_in(PASSWORDS[PERSON]).raise_for_status()
    if person.has_server():  # one that a restart before had lost, and the hub has found since
        person.stop()
    person.spawn()
    stranger = HubClient(person.url, person.ca, PERSON)
    status = f"/user/{PERSON}/api/status"
    with Poller(person, status) as hers, Poller(stranger, "/hub/login") as login:
        time.sleep(1)
        server.run("systemctl", "restart", unit)
        time.sleep(8)
    return 100 * (1 - len(hers.failures) / hers.requests), login.gap
