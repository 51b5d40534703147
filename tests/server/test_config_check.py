"""The hub's configuration is checked before a hub has to start with it."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import Installation, wait_for_login_page
from support.settings import APPLY, RECONFIGURE, complaint, processes

MAIN = "/etc/teamhub/jupyterhub_config.py"
SNIPPETS = "/etc/teamhub/jupyterhub_config.d"
SNIPPET = f"{SNIPPETS}/10-team.py"
CHECK = ("teamhub", "check-config")


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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("c.JupyterHub.port = 1\nif True\n", ", line 2: SyntaxError: "),
        ("import json\njson.loads('{')\n", ", line 2: json.decoder.JSONDecodeError: "),
        ("\nc.Spawner.args = 5\n", r", line 2: TraitError: The 'args' trait .* the int 5"),
        ("c.JupyterHub.spawner_class = 'a.B'\n", ", line 1: TraitError: The 'spawner_class' trait"),
        ("import sys\nsys.exit(0)\n", ", line 2: SystemExit: 0"),
        ("open('/etc/shadow', 'a')\n", ", line 1: PermissionError: "),
        ("raise ValueError('one\\ntwo')\n", ", line 1: ValueError: one two"),
    ],
)
def test_an_error_is_named_with_file_and_line(
    server: BootedServer, snippet: Write, text: str, words: str
) -> None:
    snippet(text)
    assert_named(server.run(*CHECK, check=False), words)


def test_whoever_has_it_checked_the_error_is_named_and_the_old_hub_goes_on(
    server: BootedServer, snippet: Write
) -> None:
    before = processes(server)
    snippet("import os\n\nfoo\n")
    for command in (CHECK, APPLY, RECONFIGURE):
        failed = server.run(*command, check=False)
        assert_named(failed, ", line 3: NameError: name 'foo' is not defined")
    assert processes(server) == before


def test_every_file_with_an_error_is_named(server: BootedServer, snippet: Write) -> None:
    snippet("foo\n")
    server.run("tee", f"{SNIPPETS}/20-other.py", given="bar\n")
    words = complaint(server.run(*CHECK, check=False))
    assert f"{SNIPPET}, line 1: NameError" in words
    assert f"{SNIPPETS}/20-other.py, line 1: NameError" in words
    server.run("rm", f"{SNIPPETS}/20-other.py")


def test_the_main_file_is_named_where_it_is_gone(server: BootedServer) -> None:
    server.run("mv", MAIN, f"{MAIN}.away")
    failed = server.run(*CHECK, check=False)
    server.run("mv", f"{MAIN}.away", MAIN)
    assert f"{MAIN}: traitlets.config.loader.ConfigFileNotFound" in complaint(failed)


def test_a_file_that_the_hub_may_not_read_is_named(server: BootedServer, snippet: Write) -> None:
    snippet("x = 1\n")
    server.run("chmod", "600", SNIPPET)
    assert f"{SNIPPET}: PermissionError" in complaint(server.run(*CHECK, check=False))


def test_one_that_ends_the_process_is_an_error(server: BootedServer, snippet: Write) -> None:
    snippet("import os\nos._exit(0)\n")
    assert "ends the hub: exit status 0" in complaint(server.run(*CHECK, check=False))


def test_one_that_never_ends_is_an_error_after_a_minute(
    server: BootedServer, snippet: Write
) -> None:
    snippet("import subprocess\nsubprocess.run(['sleep', '87654'])\n")
    assert "not loaded after 60 s" in complaint(server.run(*CHECK, check=False))
    assert server.run("pgrep", "--full", "sleep 87654", check=False).returncode == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("c.JupyterHub.prot = 1\n", ", line 1: JupyterHub has no setting prot; did you mean port?"),
        ("c.Spawnr.args = []\n", ", line 1: the hub has no class Spawnr; did you mean Spawner?"),
    ],
)
def test_a_name_that_the_hub_does_not_know_is_a_warning(
    server: BootedServer, snippet: Write, text: str, words: str
) -> None:
    snippet(text)
    assert f"teamhub: warning: {SNIPPET}{words}" in server.run(*CHECK).stderr.splitlines()


def test_a_snippet_prints_what_it_likes(server: BootedServer, snippet: Write) -> None:
    snippet("print('{')\nimport os\nos.system('echo [')\n")
    server.run(*CHECK)


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
