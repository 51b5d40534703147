"""A server that nobody uses ends, but not while what its person has started computes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import Installation, wait_for_login_page
from support.settings import APPLY

#: teamhub's own service with seconds in place of hours.
SNIPPET = """\
import sys

c.JupyterHub.last_activity_interval = 2
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "teamhub_hub.culler", "--timeout=12", "--cull-every=3"],
        "environment": {"PYTHONPATH": "/usr/lib/teamhub/hub"},
    }
]
"""
#: Long work that sends nothing to the browser: what it uses is the processor.
WORK = """\
import os, threading
open("/tmp/at-work", "w").close()
def work():
    while os.path.exists("/tmp/at-work"):
        sum(range(10_000))
threading.Thread(target=work).start()"""
SPARED = "The server of zoe is not used, but stays: their processes compute"


@pytest.fixture(scope="module", autouse=True)
def _culls_after_seconds(server: BootedServer, installed: Installation) -> None:
    snippet = "/etc/teamhub/jupyterhub_config.d/culler.py"
    server.run("tee", snippet, given=SNIPPET)
    server.run(*APPLY)
    wait_for_login_page(server, installed.ca)


@pytest.mark.exhaustive
def test_it_ends_a_server_that_is_not_used_and_spares_one_that_computes(
    server: BootedServer, sign_in: Callable[[str], HubClient]
) -> None:
    zoe, wash = sign_in("zoe"), sign_in("wash")
    zoe.spawn()
    zoe.run_cell(zoe.new_kernel(), WORK)
    wash.spawn()
    wait_for("end of the idle server", lambda: not wash.has_server(), 60, pause=1)
    wait_for("line about the other", lambda: SPARED in server.journal("teamhub"), 30, pause=1)
    assert zoe.has_server()
    server.run("rm", "/tmp/at-work")
    wait_for("end of the server whose work has ended", lambda: not zoe.has_server(), 60, pause=1)
