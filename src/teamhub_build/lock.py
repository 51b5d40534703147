"""The lock: the exact packages of every environment, and the channel that ships with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from teamhub_build.packages.recipe import link_or_copy
from teamhub_build.repodata import empty_channel, write_repodata
from teamhub_build.suites import Suite
from teamhub_shared import LOCK_NAME, SPECS_NAME, TeamhubError

#: The exit code of teamhub_build.solver where it could not read a channel.
UNREACHABLE = 4

#: A package as its channel describes it, with its file's name and address.
Record = dict[str, Any]


class UnsolvableError(TeamhubError):
    """No set of the channel's packages satisfies what is asked for."""


class ChannelError(TeamhubError):
    """A channel cannot be reached, or what it says cannot be read."""


def write_lock(
    channel: Path, out: Path, *, specs: dict[str, list[str]], suite: Suite, channel_url: str
) -> None:
    """Solves each environment of `specs`; `out` becomes the channel that ships.

    `out` gets the lock, the specs, the packages that the lock names and a repodata of exactly
    those.  In the lock the packages are at `channel_url`.  Raises UnsolvableError.
    """
    request = {"channels": [channel.resolve().as_uri()], "published": channel_url}
    for record in write_shipped_lock(request, out, specs=specs, suite=suite):
        file = Path(record["subdir"]) / record["fn"]
        link_or_copy(channel / file, out / file)


def write_shipped_lock(
    request: dict[str, Any], out: Path, *, specs: dict[str, list[str]], suite: Suite
) -> list[Record]:
    """Makes `out` a channel without files: the lock, the specs, and what the packages are.

    `request` has the "channels" to solve with, and may have what else teamhub_build.solver takes.
    Returns the records of the packages.  Raises UnsolvableError or ChannelError.
    """
    empty_channel(out)
    records = _solve(
        {
            "published": None,
            "repodata": None,
            "offline": False,
            "locked": None,
            "environments": specs,
            "glibc": suite.glibc,
            "lock": str(out / LOCK_NAME),
            **request,
        }
    )
    write_repodata(out, ({k: v for k, v in entry.items() if k != "url"} for entry in records))
    (out / SPECS_NAME).write_text(json.dumps(specs, indent=2) + "\n", "utf-8")
    return records


def _solve(request: dict[str, Any]) -> list[Record]:
    """The records that teamhub_build.solver locked.

    It runs in a process of its own: py-rattler's threads abort some interpreters at their exit.
    """
    source = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "teamhub_build.solver"],
        env={**os.environ, "PYTHONPATH": source},
        input=json.dumps(request),
        capture_output=True,
        text=True,
    )
    if done.returncode == UNREACHABLE:
        raise ChannelError(
            f"a channel cannot be read: {' '.join(done.stderr.split())}",
            "see that it can be reached and has this address; a login goes into ~/.netrc",
        )
    if done.returncode:
        raise UnsolvableError(
            f"the environments cannot be solved:\n{done.stderr.strip()}",
            "make the specs in src/teamhub_build/profiles.py and the packages agree: the pins in "
            "locks/, or what --channel and --lock name",
        )
    records: list[Record] = json.loads(done.stdout)
    return records
