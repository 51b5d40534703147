"""Fetches conda packages with py-rattler."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from teamhub_build.progress import Progress
from teamhub_build.wheelhouse import InputError
from teamhub_shared.conda import network

if TYPE_CHECKING:
    from rattler import Client

AT_ONCE = 6


class WrongContentError(Exception):
    """A file is not the one that its channel speaks of."""


@dataclass(frozen=True)
class Download:
    """A file to fetch; it is checked against its hash before it gets its name."""

    url: str
    sha256: str
    path: Path


def fetch_files(wanted: Sequence[Download], progress: Progress) -> None:
    """Fetch all files, in this process; what has come stays where another one fails.

    Raises InputError.
    """
    try:
        asyncio.run(fetch_some_at_a_time(wanted, progress))
    except ExceptionGroup as errors:  # one task's; rattler's errors have no common base
        raise InputError(
            f"a conda package could not be fetched: {' '.join(str(errors.exceptions[0]).split())}",
            "check that the channel has it, then build again: what was fetched is kept",
        ) from errors


async def fetch_some_at_a_time(wanted: Sequence[Download], progress: Progress) -> None:
    """Fetch all files; the first that fails ends it."""
    client = network.client(network.configuration())
    places = asyncio.Semaphore(AT_ONCE)
    count = 0

    async def fetched(file: Download) -> None:
        nonlocal count
        async with places:
            await fetch_file(client, file)
        count += 1
        progress(f"[{count}/{len(wanted)}] {file.path.name}")

    async with asyncio.TaskGroup() as group:
        for file in wanted:
            group.create_task(fetched(file))


async def fetch_file(client: Client, file: Download) -> None:
    """Fetch one file; raises WrongContentError, or what rattler raises."""
    from rattler.package_streaming import download_to_path

    file.path.parent.mkdir(parents=True, exist_ok=True)
    partial = file.path.with_name(f".{file.path.name}.part")
    await download_to_path(client, file.url, partial)
    with partial.open("rb") as content:
        got = hashlib.file_digest(content, "sha256").hexdigest()
    if got != file.sha256:
        partial.unlink()
        raise WrongContentError(f"{file.url}: its sha256 is {got}, the channel says {file.sha256}")
    partial.replace(file.path)
