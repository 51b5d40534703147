"""Whether the ports that the proxy needs are free, and which program holds one."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from teamhub.system import units
from teamhub.system.remedies import retry_command
from teamhub.system.run import run
from teamhub.system.tables import printable
from teamhub_shared import TeamhubError

LOOPBACK = "127.0.0.1"
EVERYWHERE = ("*", "0.0.0.0", "[::]")  # noqa: S104 - compared, nothing is opened there


class PortTaken(TeamhubError):
    """A port that is needed is in use by another program."""


class NoSuchAddress(TeamhubError):
    """The server does not have the address that it is to listen on."""


@dataclass(frozen=True)
class Listener:
    """A program that listens on a port."""

    program: str
    pid: int

    def __str__(self) -> str:
        return f"{printable(self.program)} (pid {self.pid})"


def check(values: Mapping[str, str], *, first_time: bool) -> None:
    """Raise PortTaken or NoSuchAddress for a port or address that the settings cannot have.

    The first time, a redirect whose port is taken is left out instead (`without_redirect`).
    """
    plain = values["CERTIFICATE"] == "none"
    address = values["LISTEN_ADDRESS"] or (LOOPBACK if plain else "")
    if address:
        check_address(address)
    keys = ["HTTP_PORT"] if plain else ["HTTPS_PORT"]
    if not plain and values["HTTP_PORT"] != "off" and not first_time:
        keys.append("HTTP_PORT")
    for key in keys:
        check_free(int(values[key]), address, f"choose another {key}")


def check_free(port: int, address: str, remedy: str) -> None:
    """Raise PortTaken when a program that is not ours holds a port."""
    listener = foreign_listener(port, address)
    if listener:
        raise PortTaken(
            f"port {port} is in use by {listener}",
            f"stop that program, or {remedy}, then: {retry_command()}",
        )


def without_redirect(values: Mapping[str, str]) -> Listener | None:
    """The program that holds the port for the redirect to HTTPS, if there is to be one."""
    if values["CERTIFICATE"] == "none" or values["HTTP_PORT"] == "off":
        return None
    return foreign_listener(int(values["HTTP_PORT"]), values["LISTEN_ADDRESS"])


def check_address(address: str) -> None:
    """Raise NoSuchAddress unless programs of this server can listen on `address`."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL):
            raise
        raise NoSuchAddress(
            f"LISTEN_ADDRESS={address!r}: this server has no such address",
            f"choose one that `ip address` shows, or none, then: {retry_command()}",
        ) from error


def foreign_listener(port: int, address: str = "") -> Listener | None:
    """The program, if not ours, that listens on `port` of `address`, or of every address."""
    shown = run(["ss", "-H", "-l", "-t", "-n", "-p", f"sport = :{port}"], remedy="install iproute2")
    for fields, line in ((line.split(), line) for line in shown.splitlines()):
        if len(fields) < 4:  # the rest of a name that has a line break in it
            continue
        place = fields[3].rpartition(":")[0].partition("%")[0]
        if address and place not in (address, f"[{address}]", *EVERYWHERE):
            continue
        for program, pid in re.findall(r'\("([^"]*)",pid=([0-9]+)', line):
            if not is_ours(int(pid)):
                return Listener(program, int(pid))
    return None


def is_ours(pid: int) -> bool:
    """Whether a process belongs to the proxy; one that has ended holds no port."""
    try:
        groups = Path(f"/proc/{pid}/cgroup").read_text("ascii")
    except OSError:
        return True
    return f"/{units.PROXY}" in groups
