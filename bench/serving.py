"""What a person waits for and what she takes, beside JupyterHub as a recipe sets it up.

Both hubs run on one booted server at the same time; each round asks one and then the other.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass

from bench import plain_hub
from bench.report import Limit, Row
from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import PASSWORDS, Installation
from support.poller import Poller

PERSON = "zoe"
PLAIN_IS = "JupyterHub as root, LocalProcessSpawner"
DIRECT_IS = "the same server without the proxy"
REQUESTS = 300
OURS_UNITS = ("teamhub", "teamhub-proxy")
#: Inside the server: milliseconds of each request, as JSON, for a URL and a token.
ASK = """\
import http.client, json, ssl, sys, time
from urllib.parse import urlsplit
url, token, number = urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if url.scheme == "https":
    trust = ssl.create_default_context(cafile="/root/ca.crt")
    connection = http.client.HTTPSConnection(url.netloc, context=trust)
else:
    connection = http.client.HTTPConnection(url.netloc)
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
#: Inside the server: the sum of what processes take (PSS), in MB, each shared page counted once.
PSS = "cat $(printf '/proc/%s/smaps_rollup ' $(cat)) | awk '/^Pss:/ {sum += $2} END {print sum}'"


@dataclass(frozen=True)
class Visit:
    """One start and stop of a person's server, in seconds."""

    start: float
    stop: float


def measure(server: BootedServer, installation: Installation, rounds: int) -> list[Row]:
    """Start, stop, memory, latency, and what a restart of the hub costs people."""
    plain_hub.start(server)
    ours = HubClient(server.host.url, installation.ca, PERSON)
    plain = plain_hub.client(installation, PERSON)
    for person in (ours, plain):
        person.log_in(PASSWORDS[PERSON]).raise_for_status()
        visit(person)  # the first one finds cold caches
    pairs = [(visit(ours), visit(plain)) for _ in range(rounds)]
    starts = [(one.start, other.start) for one, other in pairs]
    stops = [(one.stop, other.stop) for one, other in pairs]
    return [
        Row("from the click to the ready server", PLAIN_IS, starts, limit=Limit(times_peer=1)),
        Row("the same, 95th percentile", PLAIN_IS, [slowest(starts)]),
        Row("stopping it", PLAIN_IS, stops),
        *memory_rows(server, ours, plain),
        latency_row(server, installation, ours),
        restart_row(server, ours, plain),
    ]


def visit(person: HubClient) -> Visit:
    """Start her server and stop it."""
    start = person.spawn(pause=0.05)
    begin = time.monotonic()
    person.stop(pause=0.05)
    return Visit(start, time.monotonic() - begin)


def slowest(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The 95th percentile of both."""
    one, other = (statistics.quantiles(each, n=20)[-1] for each in zip(*pairs, strict=True))
    return one, other


def memory_rows(server: BootedServer, ours: HubClient, plain: HubClient) -> list[Row]:
    """Memory of hub and proxy, and of one idle person beside them."""
    rows = []
    figures: list[tuple[float, float]] = []
    for person, units in ((ours, OURS_UNITS), (plain, (plain_hub.UNIT,))):
        before = memory(server, units)
        person.spawn()
        figures.append((before, memory(server, units) - before + of_person(server)))
        person.stop()
    (hub, person_ours), (hub_plain, person_plain) = figures
    rows.append(Row("memory of hub and proxy", PLAIN_IS, [(hub, hub_plain)], "MB"))
    rows.append(Row("memory of one idle person", PLAIN_IS, [(person_ours, person_plain)], "MB"))
    return rows


def memory(server: BootedServer, units: tuple[str, ...]) -> float:
    """What the processes of units take, people's own not counted."""
    groups = " ".join(
        f"/sys/fs/cgroup/*/system.slice/{unit}.service/cgroup.procs" for unit in units
    )
    listed = server.output("sh", "-c", f"cat {groups} 2>/dev/null | sort -u")
    mine = set(server.output("pgrep", "--uid", "root,rhea").split())
    return pss(server, sorted(set(listed.split()) & mine))


def of_person(server: BootedServer) -> float:
    """What her processes take."""
    return pss(server, server.output("pgrep", "--uid", PERSON).split())


def pss(server: BootedServer, pids: list[str]) -> float:
    """MB that processes take."""
    return int(server.run("sh", "-c", PSS, given=" ".join(pids)).stdout) / 1000


def latency_row(server: BootedServer, installation: Installation, ours: HubClient) -> Row:
    """Milliseconds of a request through the proxy, with TLS, and straight to her server."""
    ours.spawn()
    token = ours.new_token()
    path = f"/user/{PERSON}/api/status"
    listening = server.output("ss", "--listening", "--tcp", "--numeric", "--processes")
    port = next(
        line.split()[3].rpartition(":")[2]
        for line in listening.splitlines()
        if "jupyterhub-sing" in line or '"python3"' in line
        if line.split()[3].rpartition(":")[2] not in ("808", "801")
    )
    server.run("tee", "/root/ca.crt", given=installation.ca.read_text())
    pairs = []
    for _ in range(5):
        through = ask(server, f"{server.host.url}{path}", token)
        straight = ask(server, f"http://127.0.0.1:{port}{path}", token)
        pairs.append((through, straight))
    ours.stop()
    return Row("a request to a person's server", DIRECT_IS, pairs, "ms")


def ask(server: BootedServer, url: str, token: str) -> float:
    """The median of many requests over one connection, in milliseconds."""
    done = server.output("/usr/bin/python3", "-c", ASK, url, token, str(REQUESTS))
    taken: list[float] = json.loads(done)
    return statistics.median(taken)


def restart_row(server: BootedServer, ours: HubClient, plain: HubClient) -> Row:
    """How many requests to a person's running server succeed while the hub restarts."""
    succeeded = []
    for person, unit in ((ours, "teamhub"), (plain, plain_hub.UNIT)):
        person.spawn()
        with Poller(person, f"/user/{PERSON}/api/status") as poller:
            time.sleep(1)
            server.run("systemctl", "restart", unit)
            time.sleep(10)
        succeeded.append(100 * (1 - len(poller.failures) / poller.requests))
    pair = (succeeded[0], succeeded[1])
    return Row("requests that succeed while the hub restarts", PLAIN_IS, [pair], "%")
