"""The server of a failed test, kept as it was when the test failed, to be booted again.

Everything inside is halted meanwhile; later tests of the module go on with it and change it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support.container import BootedServer
from support.evidence import FAILURES, folder_for
from support.kept import remove_old
from support.layers import Overlay
from support.roots import CACHE

if TYPE_CHECKING:  # installation needs this module
    from support.installation import Target

#: Of so many failures the server is kept; it may have some 100 MB of its own.
KEPT = 5
#: What is in the folder of a kept server.
FACTS = "server.json"
LAYERS = "layers"
CA = "ca.crt"


@dataclass
class Watched:
    """A server that is running now, and what it takes to boot it again."""

    server: BootedServer
    overlay: Overlay
    target: Target
    ca: Path | None
    #: Where it was kept at its first failure.
    kept: Path | None = None


_watched: list[Watched] = []
#: By test, what boots its servers again, or why nothing does.
_commands: dict[str, list[str]] = {}


@contextlib.contextmanager
def watched(
    server: BootedServer, overlay: Overlay, target: Target, ca: Path | None
) -> Iterator[None]:
    """Have this server kept when a test fails, for as long as the block lasts."""
    one = Watched(server, overlay, target, ca)
    _watched.append(one)
    try:
        yield
    except Exception:
        # when the test is reported as failed, this server is gone
        if test := current_test():
            _keep(one, test)
        raise
    finally:
        _watched.remove(one)


def keep_servers(test: str) -> list[str]:
    """Keep the servers that are running, for a test that has failed; the commands that boot them.

    A server that has been kept for an earlier test of its module is not kept again.
    """
    for one in _watched:
        _keep(one, test)
    return list(dict.fromkeys(_commands.pop(test, [])))


def current_test() -> str:
    """The test that pytest is at, by pytest's name for it; empty where no test runs."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]


def _keep(one: Watched, test: str) -> None:
    commands = _commands.setdefault(test, [])
    try:
        if one.kept is None:
            folder = folder_for(test)
            one.kept = folder / one.server.label if (folder / FACTS).exists() else folder
            _make_room()
            write_server(one, one.kept)
        if (one.kept / FACTS).exists():  # it has made room for others, perhaps
            layer = one.kept.relative_to(Path.cwd())
            commands.append(
                f"boot its server as it was at its first failure: "
                f"tests/run.py dev --sit --layer {layer}"
            )
    except (OSError, subprocess.SubprocessError, TimeoutError) as error:
        # what has failed is the test, and its own words matter more
        commands.append(f"its server could not be kept: {error}")


def _make_room() -> None:
    with (FAILURES / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = [*FAILURES.glob(f"*/{FACTS}"), *FAILURES.glob(f"*/*/{FACTS}")]
        remove_old([facts.parent for facts in found], KEPT - 1, _remove_server)


def _remove_server(folder: Path) -> None:
    (folder / FACTS).unlink()
    shutil.rmtree(folder / LAYERS)


def write_server(one: Watched, folder: Path) -> None:
    """Copy the layers of a server, and what is to be known of it, to a folder."""
    layers = folder / LAYERS
    layers.mkdir(parents=True)
    with one.server.frozen():
        subprocess.run(["cp", "--archive", one.overlay.changes, layers / "0"], check=True)
    kept = ["0"]
    for number, layer in enumerate(one.overlay.lower, start=1):
        if layer.parent == CACHE:  # a plain root, which stays
            kept.append(str(layer))
            continue
        # Copied, not linked: a file of a lower layer that gets a second name gets another inode
        # number in every overlay that is mounted on it, and SQLite then refuses to write to an
        # open database ("attempt to write a readonly database") in each running server.
        subprocess.run(["cp", "--archive", layer, layers / str(number)], check=True)
        kept.append(str(number))
    if one.ca:
        shutil.copy(one.ca, folder / CA)
    facts = {
        "suite": one.target.suite,
        "profile": one.target.profile,
        "package": str(one.target.package),
        "host": asdict(one.target.host),
        "layers": kept,
        "installed": one.ca is not None,
    }
    (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
