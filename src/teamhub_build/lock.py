"""The lock: the exact packages of every environment, solved against the channel that ships."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from teamhub_build.packages.recipe import link_or_copy
from teamhub_build.repodata import empty_channel, read_repodata, write_repodata
from teamhub_build.suites import Suite
from teamhub_shared import LOCK_NAME, SPECS_NAME, TeamhubError


class UnsolvableError(TeamhubError):
    """No set of the channel's packages satisfies what is asked for."""


def write_lock(
    channel: Path, out: Path, *, specs: dict[str, list[str]], suite: Suite, channel_url: str
) -> None:
    """Solves each environment of `specs`; `out` becomes the channel that ships.

    `out` gets the lock, the specs, the packages that the lock names and a repodata of exactly
    those.  In the lock the packages are at `channel_url`.  Raises UnsolvableError.
    """
    empty_channel(out)
    request = {
        "channel": channel.resolve().as_uri(),
        "channel_url": channel_url,
        "environments": specs,
        "glibc": suite.glibc,
        "lock": str(out / LOCK_NAME),
    }
    locked = set(_solve(request))
    records = [record for record in read_repodata(channel) if record["fn"] in locked]
    for record in records:
        file = Path(record["subdir"]) / record["fn"]
        link_or_copy(channel / file, out / file)
    write_repodata(out, records)
    (out / SPECS_NAME).write_text(json.dumps(specs, indent=2) + "\n", "utf-8")


def _solve(request: dict[str, Any]) -> list[str]:
    """The file names of the packages that teamhub_build.solver locked.

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
    if done.returncode:
        raise UnsolvableError(
            f"the environments cannot be solved:\n{done.stderr.strip()}",
            "make the specs in src/teamhub_build/profiles.py and the pins in locks/ agree",
        )
    filenames: list[str] = json.loads(done.stdout)
    return filenames
