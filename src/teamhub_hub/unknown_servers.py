"""Servers of people that the hub has lost its record of, with the database that had it.

Nobody reaches them any more, since the hub alone tells the proxy of servers, and each person's next
server would run beside the earlier one.  They are ended, as a stop in the hub would do it.
"""

from __future__ import annotations

import json
import pwd
import re
import sqlite3
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = Path("/etc/teamhub/jupyterhub_config.py")
#: Lies next to the database from the moment that it is lost until no such server runs.
MARK = "servers-unknown"
#: What the hub may run as a person (sudoers.d/teamhub).
MEDIATOR = ("/usr/lib/teamhub/sudospawner", "--logging=INFO")
#: In the command line of each person's server, and of no other process of theirs that matters.
PROGRAM = re.compile(r"\bpython3 -s \S+/bin/jupyterhub-singleuser\b")
SLICE = re.compile(r"/user-(\d+)\.slice/")
#: Seconds that a server gets to end its kernels.
PATIENCE = 10.0
TERM, KILL = 15, 9


@dataclass(frozen=True)
class Server:
    """A person's server that runs."""

    user: str
    pid: int


def mark(database: Path) -> None:
    """Note that the record of who has a server is lost."""
    database.with_name(MARK).touch()


def end_unknown(database: Path) -> list[str]:
    """If the record was lost, end the servers that the database does not know; what was done.

    Nothing is ended if the hub's own configuration names another database.
    """
    lost = database.with_name(MARK)
    if not lost.exists():
        return []
    known = known_pids(database)
    servers = [server for server in running() if server.pid not in known]
    if servers and not hub_uses(database):
        servers = []
    done = [end(server) for server in servers]
    lost.unlink()
    return done


def end(server: Server) -> str:
    """End one; what was done."""
    signal(server, TERM)
    deadline = time.monotonic() + PATIENCE
    while signal(server, 0):
        if time.monotonic() > deadline:
            signal(server, KILL)
            break
        time.sleep(0.2)
    return (
        f"the server of {server.user} (process {server.pid}) was ended, since the hub did not know "
        "it any more; what its notebooks had saved is in the home"
    )


def signal(server: Server, number: int) -> bool:
    """Send a signal as the person; whether the process is there."""
    request = json.dumps({"action": "kill", "pid": server.pid, "signal": number})
    done = subprocess.run(
        ["sudo", "-n", "-u", server.user, *MEDIATOR],
        input=request,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return bool(json.loads(done.stdout)["alive"])
    except (ValueError, KeyError, TypeError):
        return False  # not one of the group any more, say


def running() -> Iterator[Server]:
    """The servers of people, as systemd knows their processes; none if it cannot be asked."""
    for scope in ask("systemctl", "list-units", "--plain", "--no-legend", "session-*.scope"):
        for group, pid, command in processes(scope.split()[0]):
            person = SLICE.search(group)
            if person and PROGRAM.search(command):
                with suppress(KeyError):  # the account is deleted
                    yield Server(pwd.getpwuid(int(person[1])).pw_name, pid)


def processes(unit: str) -> list[tuple[str, int, str]]:
    """The control group, the number and the command line of each process of a unit.

    From systemd: the hub itself does not see other people's processes (ProtectProc=).
    """
    manager = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1")
    method = ("org.freedesktop.systemd1.Manager", "GetUnitProcesses", "s", unit)
    answer = ask("busctl", "--json=short", "call", *manager, *method)
    return [
        (group, pid, command)
        for line in answer
        for group, pid, command in json.loads(line)["data"][0]
    ]


def ask(*command: str) -> list[str]:
    """The lines that a command prints; none if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


def known_pids(database: Path) -> Collection[int]:
    """The processes of the servers that the hub's database knows, whether they run or not."""
    if not database.exists():
        return set()
    with closing(sqlite3.connect(database)) as connection:
        states = connection.execute("SELECT state FROM spawners WHERE state IS NOT NULL").fetchall()
    return {pid for (state,) in states if (pid := (json.loads(state) or {}).get("pid"))}


def hub_uses(database: Path) -> bool:
    """Whether the hub's configuration names this database."""
    from teamhub_hub.configuration import Loader  # a tenth of a second at each start of the hub

    loader = Loader(CONFIGURATION.name, str(CONFIGURATION.parent))
    loader.load_main_file()
    return bool(loader.config.JupyterHub.db_url == f"sqlite:///{database}")
