"""The servers of failed tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.kept_servers import current_test
from support.preparation import AS_ROOT

#: Keeps a server whose hub has its database open, then has the hub write on.  Prints the rows that
#: the hub has in the end, and those of the server that was kept.
KEEP = """\
import sqlite3, subprocess, sys
from pathlib import Path

from support.container import BootedServer
from support.installation import numbered_target
from support.kept_servers import LAYERS, Watched, write_server
from support.layers import Overlay

def rows(root):
    return len(sqlite3.connect(root / "hub.sqlite").execute("select * from users").fetchall())

folder = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
installed = folder / "installed"
installed.mkdir()
made = sqlite3.connect(installed / "hub.sqlite", isolation_level=None)
made.execute("create table users (name)")
made.close()

running = Overlay(folder / "running", [installed])
hub = sqlite3.connect(running.root / "hub.sqlite", isolation_level=None)
hub.execute("insert into users values ('zoe')")
target = numbered_target(1, "bookworm", "scientific", folder / "teamhub.deb")
server = BootedServer(running.root, target.host, folder / "console")
write_server(Watched(server, running, target, ca=None), folder / "kept")
hub.execute("insert into users values ('wash')")

layers = folder / "kept" / LAYERS
kept = Overlay(folder / "again", [layers / "0", layers / "1"])
print(rows(running.root), rows(kept.root))
"""


def test_the_test_that_pytest_is_at_is_known() -> None:
    name = "test_kept_servers.py::test_the_test_that_pytest_is_at_is_known"
    assert current_test().endswith(name)


def test_a_kept_server_is_as_it_was_and_the_running_one_goes_on(tmp_path: Path) -> None:
    in_own_mounts = [*AS_ROOT, "unshare", "--mount", sys.executable, "-c", KEEP, str(tmp_path)]
    done = subprocess.run(
        in_own_mounts,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("2 1\n", "")
