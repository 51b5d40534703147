"""Solves and locks with py-rattler: `python -m teamhub_build.solver`, called by teamhub_build.lock.

Reads a JSON request on standard input, writes the lock, and prints the locked packages' file names
as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rattler import (
    Gateway,
    GenericVirtualPackage,
    LockChannel,
    LockFile,
    LockPlatform,
    PackageName,
    RepoDataRecord,
    SourceConfig,
    Subdir,
    Version,
    solve,
)
from rattler.exceptions import SolverError
from rattler.package import BuildString

PLATFORM = "linux-64"


async def write_solved_lock(request: dict[str, Any]) -> list[str]:
    """Locks every environment of `request`; returns the packages' file names, sorted."""
    platform = LockPlatform(PLATFORM)
    lock = LockFile([platform])
    filenames = set()
    for environment, specs in request["environments"].items():
        lock.set_channels(environment, [LockChannel(request["channel_url"])])
        for record in await _solved(request["channel"], specs, request["glibc"]):
            record.url = f"{request['channel_url']}/{record.subdir}/{record.file_name}"
            record.channel = request["channel_url"]
            lock.add_conda_package(environment, platform, record)
            filenames.add(record.file_name)
    lock.to_path(Path(request["lock"]))
    return sorted(filenames)


async def _solved(channel: str, specs: list[str], glibc: str) -> list[RepoDataRecord]:
    with tempfile.TemporaryDirectory() as cache:
        source = SourceConfig(sharded_enabled=False, bz2_enabled=False)
        return await solve(
            [channel],
            specs,
            gateway=Gateway(cache_dir=Path(cache), default_config=source),
            platforms=[Subdir(PLATFORM), Subdir("noarch")],
            virtual_packages=server_virtual_packages(glibc),
        )


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
        filenames = asyncio.run(write_solved_lock(json.load(sys.stdin)))
    except SolverError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(filenames))
    return 0


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # py-rattler's threads abort the interpreter now and then when it takes itself down
    os._exit(exit_code)
