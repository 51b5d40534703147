"""Solves and locks with py-rattler: `python -m teamhub_build.solver`, called by teamhub_build.lock.

Reads a JSON request on standard input, writes the lock, and prints the locked packages' records as
JSON: what repodata says of each, with its "fn" and its "url".
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rattler import (
    Channel,
    Gateway,
    GenericVirtualPackage,
    LockChannel,
    LockFile,
    LockPlatform,
    MatchSpec,
    PackageName,
    RepoDataRecord,
    SourceConfig,
    Subdir,
    Version,
    solve,
)
from rattler.exceptions import GatewayError, SolverError
from rattler.package import BuildString

from teamhub_build.lock import UNREACHABLE
from teamhub_build.network import channel_client

PLATFORM = "linux-64"


class UnfitLock(Exception):
    """An earlier lock does not have what is asked for."""


async def write_solved_lock(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Locks every environment of `request`; returns the packages' records, sorted by file name."""
    platform = LockPlatform(PLATFORM)
    lock = LockFile([platform])
    channels = [Channel(channel) for channel in request["channels"]]
    published = request["published"]
    urls = [published] if published else [channel.base_url.rstrip("/") for channel in channels]
    found = {}
    held: list[str] = []
    before = read_lock(request["locked"]) if request["locked"] else None
    with gateway(request) as source:
        for environment, specs in request["environments"].items():
            lock.set_channels(environment, [LockChannel(url) for url in urls])
            if before:
                records = locked(before, environment, specs, urls)
            else:
                records = await solved(channels, specs, held, source, request["glibc"])
            for record in records:
                if published:
                    record.url = f"{published}/{record.subdir}/{record.file_name}"
                    record.channel = published
                lock.add_conda_package(environment, platform, record)
                found[record.url] = record
            # What the hub starts speaks the hub's own version.
            held += [f"jupyterhub =={r.version}" for r in records if is_jupyterhub(r)]
    lock.to_path(Path(request["lock"]))
    return [described(record) for _, record in sorted(found.items())]


@contextmanager
def gateway(request: dict[str, Any]) -> Iterator[Gateway]:
    """What knows the packages of the channels; it remembers them where the request says where."""
    with tempfile.TemporaryDirectory() as nowhere:
        local = request["repodata"] is None
        source = SourceConfig(
            sharded_enabled=not local,
            bz2_enabled=False,
            cache_action="force-cache-only" if request["offline"] else "cache-or-fetch",
        )
        yield Gateway(
            cache_dir=Path(request["repodata"] or nowhere),
            default_config=source,
            client=channel_client(),
        )


async def solved(
    channels: list[Channel], specs: list[str], held: list[str], source: Gateway, glibc: str
) -> list[RepoDataRecord]:
    """The records of one environment."""
    return await solve(
        channels,
        specs,
        gateway=source,
        platforms=[Subdir(PLATFORM), Subdir("noarch")],
        virtual_packages=server_virtual_packages(glibc),
        constraints=held,
    )


def read_lock(path: str) -> LockFile:
    """An earlier lock; raises UnfitLock for a file that is none."""
    try:
        return LockFile.from_path(Path(path))
    except Exception as error:  # rattler's errors have no common base
        raise UnfitLock(f"{path} is no lock: {error}") from error


def locked(
    lock: LockFile, environment: str, specs: list[str], urls: list[str]
) -> list[RepoDataRecord]:
    """The records that an earlier lock has for an environment.

    Raises UnfitLock where they are other channels', or no longer all that is asked for.
    """
    there = lock.environment(environment)
    if there is None:
        raise UnfitLock(f"the lock has no environment {environment}")
    records = there.conda_repodata_records()[PLATFORM]
    others = {(record.channel or "").rstrip("/") for record in records}.difference(urls)
    if others:
        raise UnfitLock(f"the lock has packages of {', '.join(sorted(others))}")
    for spec in specs:
        if not any(MatchSpec(spec).matches(record) for record in records):
            raise UnfitLock(
                f"the lock has nothing that is {spec}, for the environment {environment}"
            )
    return records


def is_jupyterhub(record: RepoDataRecord) -> bool:
    """Whether a record is JupyterHub itself."""
    return record.name.normalized == "jupyterhub"


def described(record: RepoDataRecord) -> dict[str, Any]:
    """A record as repodata has it, with its file's name and address."""
    entry: dict[str, Any] = json.loads(record.to_json())
    entry.pop("channel", None)
    return {**entry, "fn": record.file_name, "url": record.url}


def server_virtual_packages(glibc: str) -> list[GenericVirtualPackage]:
    """What the server offers that no package brings (CEP 30): never the build machine's own."""
    versions = {
        "__unix": ("0", "0"),
        "__linux": ("6.1", "0"),
        "__glibc": (glibc, "0"),
        "__archspec": ("1", "x86_64"),
    }
    return [
        GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
        for name, (version, build) in versions.items()
    ]


def main() -> int:
    """Answers one request; returns the exit code."""
    try:
        records = asyncio.run(write_solved_lock(json.load(sys.stdin)))
    except (SolverError, UnfitLock) as error:
        print(error, file=sys.stderr)
        return 1
    except GatewayError as error:
        print(error, file=sys.stderr)
        return UNREACHABLE
    print(json.dumps(records))
    return 0


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # py-rattler's threads abort the interpreter now and then when it takes itself down
    os._exit(exit_code)
