"""Which program holds a TCP port."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from teamhub.system import run
from teamhub_shared import TeamhubError

PROXY_UNIT = "teamhub-proxy.service"


class PortTaken(TeamhubError):
    """A port that the proxy needs is in use by another program."""


@dataclass(frozen=True)
class Listener:
    """A program that listens on a port."""

    program: str
    pid: int

    def __str__(self) -> str:
        return f"{self.program} (pid {self.pid})"


def foreign_listener(port: int) -> Listener | None:
    """Who listens on `port`, unless it is our own proxy."""
    shown = run(["ss", "-H", "-l", "-t", "-n", "-p", f"sport = :{port}"], remedy="install iproute2")
    for program, pid in re.findall(r'\("([^"]*)",pid=([0-9]+)', shown):
        if PROXY_UNIT not in cgroup(int(pid)):
            return Listener(program, int(pid))
    return None


def cgroup(pid: int) -> str:
    """The control groups of a process, as the kernel writes them; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cgroup").read_text("ascii")
    except OSError:
        return ""


def check_https(port: int) -> None:
    """Raise PortTaken when another program holds the hub's port."""
    listener = foreign_listener(port)
    if listener:
        raise PortTaken(
            f"port {port} is in use by {listener}",
            "stop that program, or set another HTTPS_PORT in /etc/teamhub/teamhub.conf, "
            "then: dpkg --configure teamhub",
        )
