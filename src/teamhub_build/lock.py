"""The lock: the exact packages of every environment, and the channel that ships with it."""

from __future__ import annotations

import json
from pathlib import Path

from teamhub_build.own_process import in_own_process
from teamhub_build.packages.recipe import link_or_copy
from teamhub_build.repodata import empty_channel, write_repodata
from teamhub_build.solver import Record, Request, lock_environments
from teamhub_build.suites import Suite
from teamhub_shared import LOCK_NAME, SPECS_NAME


def write_lock(
    channel: Path, out: Path, *, specs: dict[str, list[str]], suite: Suite, channel_url: str
) -> None:
    """Solves each environment of `specs`; `out` becomes the channel that ships.

    `out` gets the lock, the specs, the packages that the lock names and a repodata of exactly
    those.  In the lock the packages are at `channel_url`.  Raises UnsolvableError.
    """
    folder = channel.resolve().as_uri()
    request = Request(specs, (folder,), suite.glibc, published=channel_url)
    for record in write_shipped_lock(request, out):
        file = Path(record["subdir"]) / record["fn"]
        link_or_copy(channel / file, out / file)


def write_shipped_lock(request: Request, out: Path) -> list[Record]:
    """Makes `out` a channel without files: the lock, the specs, and what the packages are.

    Returns the records of the packages.  Raises UnsolvableError or ChannelError.
    """
    empty_channel(out)
    records = in_own_process(lock_environments, request, out / LOCK_NAME)
    write_repodata(out, ({k: v for k, v in entry.items() if k != "url"} for entry in records))
    (out / SPECS_NAME).write_text(json.dumps(request.specs, indent=2) + "\n", "utf-8")
    return records
