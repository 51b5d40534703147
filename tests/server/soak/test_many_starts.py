"""People's servers start and stop a thousand times, and the hub takes no more than before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.people import PASSWORD, make_people
from support.poller import main_pid
from support.trials import Count

SECTION = "A thousand starts"
PEOPLE = 4
#: Python keeps what it has taken once, and its heap has holes.
MORE_MEMORY_KB = 20_000
#: Connections that linger, and processes that come and go; one for each start would be more.
COME_AND_GO = 6


@dataclass(frozen=True)
class Taken:
    """What the hub and the system hold for people's servers, while none runs."""

    memory_kb: int
    files: int
    processes: int
    scopes: int
    sessions: int


def taken(server: BootedServer) -> Taken:
    """What is taken once all that has stopped is gone."""
    pid = main_pid(server, "teamhub")
    wait_for("end of all sessions", lambda: not sessions(server), 60, pause=1)
    status = server.output("grep", "VmRSS", f"/proc/{pid}/status")
    scopes = server.output("systemctl", "list-units", "--plain", "--no-legend", "session-*.scope")
    return Taken(
        memory_kb=int(status.split()[1]),
        files=len(server.output("ls", f"/proc/{pid}/fd").split()),
        processes=len(server.output("ps", "--no-headers", "-e", "-o", "pid").split()),
        scopes=len(scopes.splitlines()),
        sessions=len(sessions(server)),
    )


def sessions(server: BootedServer) -> list[str]:
    """The login sessions of people."""
    listed = server.output("loginctl", "list-sessions", "--no-legend").splitlines()
    return [line for line in listed if "again" in line]


@pytest.fixture(scope="module")
def people(server: BootedServer, client: Callable[[str], HubClient]) -> list[HubClient]:
    everybody = [client(name) for name in make_people(server, "again", PEOPLE)]
    for person in everybody:
        assert person.log_in(PASSWORD).status_code == 302
    return everybody


def start_and_stop(person: HubClient, times: int) -> None:
    for _ in range(times):
        person.spawn(pause=1)
        person.stop(pause=1)


def cycles(people: list[HubClient], times: int) -> None:
    """So many starts, and stops, of everybody together, some side by side."""
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(lambda person: start_and_stop(person, times // len(people)), people))


def test_the_hub_takes_no_more_than_before(
    server: BootedServer,
    people: list[HubClient],
    trial: Count,
    figure: Callable[[str], None],
    pytestconfig: pytest.Config,
) -> None:
    many = 1000 if pytestconfig.getoption("--soak") else 20
    cycles(people, many // 5)
    before = taken(server)
    with trial(f"{many} starts and stops of servers", "the hub takes no more than before"):
        cycles(people, many)
        after = taken(server)
        figure(f"before {many} starts: {before}, after: {after}")
        assert after.memory_kb - before.memory_kb < MORE_MEMORY_KB
        for what in ("files", "processes", "scopes", "sessions"):
            assert getattr(after, what) - getattr(before, what) <= COME_AND_GO, what
