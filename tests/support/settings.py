"""Changing teamhub.conf as an admin does, and seeing what that restarted."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from support.container import BootedServer

CONF = "/etc/teamhub/teamhub.conf"
#: The two ways in which a change of the file comes into force.
APPLY = ("teamhub", "apply")
RECONFIGURE = ("dpkg-reconfigure", "--frontend=noninteractive", "teamhub")


@dataclass(frozen=True)
class Processes:
    """The main processes of the two services; another number is another start."""

    proxy: str
    hub: str


def processes(server: BootedServer) -> Processes:
    return Processes(*(main_process(server, unit) for unit in ("teamhub-proxy", "teamhub")))


def main_process(server: BootedServer, unit: str) -> str:
    return server.output("systemctl", "show", "--property=MainPID", "--value", unit)


def apply(server: BootedServer) -> str:
    """What `teamhub apply` says; it succeeds."""
    return server.run(*APPLY).stderr


def text_of(server: BootedServer, path: str) -> str:
    """What a file of the server has, to the last line break."""
    return server.run("cat", path).stdout


def write_settings(server: BootedServer, **values: str) -> None:
    """Put values into the file, each in the line that its key has."""
    for key, value in values.items():
        server.run("sed", "-i", f's|^{key}=.*|{key}="{value}"|', CONF)
        assert f'{key}="{value}"' in server.output("cat", CONF).splitlines()


def complaint(failed: subprocess.CompletedProcess[str]) -> str:
    """The one error of a command that failed, with what to do."""
    assert failed.returncode != 0
    found = re.findall(
        r"^teamhub: (.*\n(?:  .*\n)*?  What to do: .*)$", failed.stderr, re.MULTILINE
    )
    assert len(found) == 1, failed.stderr
    return str(found[0])


def setting(server: BootedServer, key: str) -> str:
    """What the file says of a key."""
    [value] = re.findall(rf'^{key}="?(.*?)"?$', server.output("cat", CONF), re.MULTILINE)
    return str(value)
