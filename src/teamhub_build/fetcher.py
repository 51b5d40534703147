"""Fetches conda packages with py-rattler: `python -m teamhub_build.fetcher REQUEST`.

REQUEST is a JSON file: a list of objects with "url", "sha256" and "path".  Prints a line for each
file that came; each is checked against its hash before it gets its name.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path

from rattler import Client
from rattler.package_streaming import download_to_path

from teamhub_build.network import channel_client

AT_ONCE = 6


class WrongContentError(Exception):
    """A file is not the one that its channel speaks of."""


async def fetch_files(wanted: list[dict[str, str]]) -> None:
    """Fetch all files, some at a time; the first that fails ends it, and what came stays."""
    client = channel_client()
    places = asyncio.Semaphore(AT_ONCE)
    count = 0

    async def fetched(file: dict[str, str]) -> None:
        nonlocal count
        async with places:
            await fetch_file(client, file["url"], Path(file["path"]), file["sha256"])
        count += 1
        print(f"[{count}/{len(wanted)}] {Path(file['path']).name}", flush=True)

    async with asyncio.TaskGroup() as group:
        for file in wanted:
            group.create_task(fetched(file))


async def fetch_file(client: Client, url: str, path: Path, sha256: str) -> None:
    """Fetch one file; raises WrongContentError, or what rattler raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    await download_to_path(client, url, partial)
    with partial.open("rb") as content:
        got = hashlib.file_digest(content, "sha256").hexdigest()
    if got != sha256:
        partial.unlink()
        raise WrongContentError(f"{url}: its sha256 is {got}, the channel says {sha256}")
    partial.replace(path)


def main() -> int:
    """Answers one request; returns the exit code."""
    wanted = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    try:
        asyncio.run(fetch_files(wanted))
    except ExceptionGroup as errors:  # one task's; rattler's errors have no common base
        print(" ".join(str(errors.exceptions[0]).split()))
        return 1
    return 0


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    # py-rattler's threads abort the interpreter now and then when it takes itself down
    os._exit(exit_code)
