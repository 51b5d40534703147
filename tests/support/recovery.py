"""What an admin types after a power cut: the command once more, and what messages name."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from support.container import BootedServer
from support.environment import is_as_it_was_made
from support.hub_client import HubClient
from support.installation import APT, PASSWORDS, wait_for_login_page

#: The commands that apt, dpkg and teamhub name, which an admin types as they are.
NAMED = re.compile(
    r"dpkg --configure (?:-a|teamhub)|apt --fix-broken install|"
    r"apt-get install --reinstall teamhub|apt update|"
    r"teamhub (?:apply|env apply --discard|env apply|env repair|repair conffiles)"
)
#: More commands than this nobody types without asking someone.
PATIENCE = 6


def finish(server: BootedServer, *command: str) -> list[str]:
    """Type a command until it succeeds, and what it names where it fails; what was typed.

    Raises AssertionError with all that was printed where it names nothing, or nothing helps.
    """
    typed: list[str] = []
    said: list[str] = []
    while len(typed) < PATIENCE:
        done = type_unattended(server, command)
        typed.append(shlex.join(command))
        said.append(f"$ {typed[-1]}\n{done.stdout}{done.stderr}")
        if done.returncode == 0:
            return typed
        named = NAMED.findall(done.stderr)
        if not named:
            break
        for remedy in dict.fromkeys(named):
            done = type_unattended(server, remedy.split())
            typed.append(remedy)
            said.append(f"$ {remedy}\n{done.stdout}{done.stderr}")
    raise AssertionError("\n".join(["it does not end well:", *said]))


def type_unattended(
    server: BootedServer, command: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run a command of an admin's, answering none of its questions."""
    if command[0] in ("apt", "apt-get"):
        command = (*APT, *command[1:])
    return server.run(*command, check=False, DEBIAN_FRONTEND="noninteractive")


def nothing_serves_without_its_configuration(server: BootedServer) -> None:
    """Raise AssertionError if JupyterHub runs on its own defaults, which listen on port 8000."""
    assert ":8000 " not in server.output("ss", "--listening", "--tcp", "--numeric")


def nothing_is_lost(server: BootedServer, *edited: str) -> None:
    """Raise AssertionError unless all that is installed is whole, and runs.

    `edited` are the conffiles that differ from the package's on purpose.
    """
    status = server.output("dpkg-query", "--show", "--showformat=${Status}", "teamhub")
    assert status == "install ok installed"
    assert server.output("dpkg", "--audit") == ""
    verified = server.run("dpkg", "--verify", check=False)
    assert {line.split()[-1] for line in verified.stdout.splitlines()} <= set(edited)
    # dpkg takes a conffile that it finds empty for the package's
    copies = "/usr/share/teamhub/conffiles/etc"
    compared = server.run("diff", "--recursive", "--brief", copies, "/etc", check=False).stdout
    differing = re.findall(rf"^Files {copies}/\S+ and (\S+) differ$", compared, re.MULTILINE)
    assert set(differing) <= set(edited)
    assert f"Only in {copies}" not in compared
    damaged = server.output("find", "/etc", "/var/lib/teamhub", "-xdev", "-name", "*.damaged*")
    assert damaged == ""
    said = server.run("teamhub", "check-config")
    assert "warning" not in said.stdout + said.stderr
    shown = server.output("teamhub", "status")
    assert "does not run" not in shown
    assert is_as_it_was_made(server)
    marks = server.output("sh", "-c", "ls -d /opt/teamhub/generations/*/.complete")
    assert len(marks.split()) == len(server.output("ls", "-A", "/opt/teamhub/generations").split())


def someone_computes(server: BootedServer, ca: Path) -> None:
    """Raise AssertionError unless Zoe signs in and a cell of hers computes."""
    wait_for_login_page(server, ca)
    computes(HubClient(server.host.url, ca, "zoe"), PASSWORDS["zoe"])


def computes(person: HubClient, password: str) -> None:
    """Raise AssertionError unless somebody signs in and a cell of theirs computes."""
    answer = person.log_in(password)
    assert answer.status_code == 302, answer.text
    person.spawn()
    assert person.compute("import numpy; print(numpy.arange(4).sum())") == "6\n"
    person.stop()
