"""The hub's configuration is checked before a hub has to start with it."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import Installation, wait_for_login_page
from support.settings import APPLY, RECONFIGURE, complaint, processes, write_settings
from teamhub.hub.check import SECONDS

SNIPPETS = "/etc/teamhub/jupyterhub_config.d"
SNIPPET = f"{SNIPPETS}/10-team.py"
CHECK = ("teamhub", "check-config")
DROP_INS = "/etc/systemd/system/teamhub.service.d"
DROP_IN = """\
[Service]
Environment="TEAM=two words"
EnvironmentFile=/etc/teamhub/team.env
"""
#: A snippet that writes down the environment, and where modules come from: the program's own folder
#: is there for the hub alone.
SAVE_WHAT_IS_SEEN = """\
import json, os, sys
name = os.path.basename(sys.argv[0])
folders = [os.path.realpath(folder) for folder in sys.path]
program = os.path.realpath(os.path.dirname(sys.argv[0]))
seen = {"environment": dict(os.environ), "modules": [f for f in folders if f != program]}
with open(f"/var/lib/teamhub/seen-by-{name}", "w") as file:
    json.dump(seen, file)
"""
#: Variables that differ from one process that systemd starts to the next, and the credentials.
OF_A_PROCESS = (
    "CREDENTIALS_DIRECTORY",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "SYSTEMD_EXEC_PID",
)


@pytest.fixture
def snippet(server: BootedServer) -> Iterator[Callable[[str], None]]:
    """Writes a snippet, which is gone after the test."""

    def write(text: str) -> None:
        server.run("tee", SNIPPET, given=text)

    yield write
    server.run("rm", "-f", SNIPPET)


Write = Callable[[str], None]


def test_what_ships_passes_and_says_so(
    server: BootedServer, figure: Callable[[str], None], installed: Installation
) -> None:
    start = time.monotonic()
    assert server.output(*CHECK) == "The hub can start with this configuration."
    figure(f"{installed.target}: teamhub check-config {time.monotonic() - start:.1f} s")


def assert_named(failed: subprocess.CompletedProcess[str], words: str) -> None:
    """Raises AssertionError where the snippet's error is not what a command says first."""
    assert failed.returncode != 0
    assert re.match(f"{SNIPPET}{words}", complaint(failed)), failed.stderr


def test_a_configuration_has_no_more_rights_than_the_hub(
    server: BootedServer, snippet: Write
) -> None:
    snippet("open('/etc/shadow', 'a')\n")
    assert_named(server.run(*CHECK, check=False), ", line 1: PermissionError: ")


@pytest.mark.fault(
    "an error in a snippet of jupyterhub_config.d",
    person="nothing: people work on",
    admin="each command: the file, the line and the error",
    remedy="mending the snippet; teamhub apply",
)
def test_in_each_way_to_check_it_the_error_is_named_and_the_old_hub_goes_on(
    server: BootedServer, snippet: Write
) -> None:
    before = processes(server)
    snippet("import os\n\nfoo\n")
    for command in (CHECK, APPLY, RECONFIGURE):
        failed = server.run(*command, check=False)
        assert_named(failed, ", line 3: NameError: name 'foo' is not defined")
    assert processes(server) == before


def test_a_file_that_the_hub_may_not_read_is_named(server: BootedServer, snippet: Write) -> None:
    snippet("x = 1\n")
    server.run("chmod", "600", SNIPPET)
    assert f"{SNIPPET}: PermissionError" in complaint(server.run(*CHECK, check=False))


def test_one_that_ends_the_process_is_an_error(server: BootedServer, snippet: Write) -> None:
    snippet("import os\nos._exit(0)\n")
    assert "ends the hub: exit status 0" in complaint(server.run(*CHECK, check=False))


def test_a_name_that_the_hub_does_not_know_is_a_warning(
    server: BootedServer, snippet: Write
) -> None:
    snippet("c.JupyterHub.prot = 1\n")
    warning = f"{SNIPPET}, line 1: JupyterHub has no setting prot; did you mean port?"
    assert f"teamhub: warning: {warning}" in server.run(*CHECK).stderr.splitlines()


def test_what_goes_on_running_is_ended_and_not_waited_for(
    server: BootedServer, snippet: Write
) -> None:
    snippet("import subprocess\nsubprocess.Popen(['sleep', '87654'])\n")
    start = time.monotonic()
    server.run(*CHECK)
    assert time.monotonic() - start < SECONDS
    assert server.run("pgrep", "--full", "sleep 87654", check=False).returncode == 1


@pytest.fixture
def own_environment(server: BootedServer) -> Iterator[None]:
    """A drop-in that gives the hub variables."""
    server.run("mkdir", "-p", DROP_INS)
    server.run("tee", f"{DROP_INS}/team.conf", given=DROP_IN)
    server.run("tee", "/etc/teamhub/team.env", given="TEAM_SECRET='right click'\n")
    server.run("systemctl", "daemon-reload")
    yield
    server.run("rm", "-r", DROP_INS, "/etc/teamhub/team.env")
    server.run("sh", "-c", "rm -f /var/lib/teamhub/seen-*")
    server.run("systemctl", "daemon-reload")


@pytest.mark.usefixtures("own_environment")
def test_the_check_sees_what_the_hub_sees(
    server: BootedServer, installed: Installation, snippet: Write
) -> None:
    snippet(SAVE_WHAT_IS_SEEN)
    server.run(*APPLY)
    wait_for_login_page(server, installed.ca)
    hub, check = (
        json.loads(server.output("cat", f"/var/lib/teamhub/seen-by-{who}"))
        for who in ("jupyterhub", "check.py")
    )
    for seen in (hub, check):
        assert {seen["environment"].pop(name) for name in ("TEAM", "TEAM_SECRET")} == {
            "two words",
            "right click",
        }
        for name in OF_A_PROCESS:
            seen["environment"].pop(name, None)
    assert check == hub


def test_the_check_leaves_nothing_behind(server: BootedServer, snippet: Write) -> None:
    look = "ls -A /tmp /var/lib/teamhub; find /etc/teamhub -name '*.pyc'"
    before = server.output("sh", "-c", look)
    snippet("foo\n")
    server.run(*CHECK, check=False)
    assert server.output("sh", "-c", look) == before


def test_a_good_snippet_comes_into_force_and_a_kernel_goes_on(
    server: BootedServer, installed: Installation, snippet: Write, zoe: HubClient
) -> None:
    kernel = zoe.new_kernel()
    zoe.run_cell(kernel, "answer = 42")
    before = processes(server)
    snippet("c.JupyterHub.template_vars = {'announcement': 'Shiny, let us be bad guys'}\n")
    server.run(*APPLY)
    now = processes(server)
    assert now.hub != before.hub
    assert now.proxy == before.proxy
    wait_for_login_page(server, installed.ca)
    assert "let us be bad guys" in zoe.get("/hub/home").text
    assert zoe.run_cell(kernel, "print(answer)") == "42\n"


def culler_runs(server: BootedServer) -> bool:
    pgrep = ("pgrep", "--uid=rhea", "--full", "teamhub_hub.culler")
    return server.run(*pgrep, check=False).returncode == 0


@pytest.mark.fault(
    "a snippet that assigns c.JupyterHub.services",
    person="nothing: their idle servers end as the settings say",
    admin="nothing: the hub's own services stay",
    remedy="none needed",
)
def test_a_snippet_with_services_of_its_own_keeps_the_culler(
    server: BootedServer, installed: Installation, snippet: Write
) -> None:
    snippet("c.JupyterHub.services = [{'name': 'team', 'command': ['sleep', '98765']}]\n")
    write_settings(server, IDLE_HOURS="12")
    server.run(*APPLY)
    wait_for_login_page(server, installed.ca)
    wait_for("the culler", lambda: culler_runs(server), 20)
    server.run("pgrep", "--uid=rhea", "--full", "sleep 98765")
    write_settings(server, IDLE_HOURS="0")
    server.run(*APPLY)
    wait_for_login_page(server, installed.ca)
    assert not culler_runs(server)
