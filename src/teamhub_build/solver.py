"""Solves for the packages of every environment, and locks them, with py-rattler."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from teamhub_shared import TeamhubError
from teamhub_shared.conda import network
from teamhub_shared.conda.platform import PLATFORM, SUBDIRS, target_virtual_packages

if TYPE_CHECKING:
    from rattler import Channel, Gateway, LockFile, RepoDataRecord

#: A package as its channel describes it, with its file's name and address.
Record = dict[str, Any]


class UnsolvableError(TeamhubError):
    """No set of the channel's packages satisfies the specs."""


class UnfitLock(UnsolvableError):
    """An earlier lock does not satisfy the specs."""


class ChannelError(TeamhubError):
    """A channel cannot be reached, or what it says cannot be read."""


@dataclass(frozen=True)
class Request:
    """What is to be locked, and where it is looked for."""

    #: The specs by environment; the first environment's JupyterHub is every other one's too.
    specs: dict[str, list[str]]
    #: Names or URLs, the first one preferred.
    channels: tuple[str, ...]
    #: The oldest that the package is for.
    glibc: str
    #: The channel's address in the lock, if that is another one.
    published: str | None = None
    #: Where it is remembered what channels say; None for folders, of which nothing is.
    repodata: Path | None = None
    #: Do not ask any channel again.
    offline: bool = False
    #: An earlier lock, whose packages are taken and nothing is solved.
    locked: Path | None = None


def lock_environments(request: Request, lock: Path) -> list[Record]:
    """Write the lock, in this process; returns the packages that it names, sorted by address.

    Raises UnsolvableError or ChannelError.
    """
    from rattler.exceptions import GatewayError, InvalidChannelError, SolverError

    try:
        records = asyncio.run(locked_records(request, lock))
    except SolverError as error:
        raise UnsolvableError(
            f"no set of packages satisfies the environments:\n{error}",
            "make the specs in src/teamhub_build/profiles.py and the packages agree: the pins in "
            "locks/, or what --channel names",
        ) from error
    except (GatewayError, InvalidChannelError) as error:
        raise ChannelError(
            f"a channel cannot be read: {' '.join(str(error).split())}",
            "check its address and that this machine can reach it; a login goes into ~/.netrc",
        ) from error
    return [described(record) for record in records]


def locked_environments(lock: Path) -> dict[str, list[Record]]:
    """The packages that a lock names, by environment, in this process."""
    return {
        name: [described(record) for record in environment.conda_repodata_records()[PLATFORM]]
        for name, environment in read_lock(lock).environments()
    }


async def locked_records(request: Request, path: Path) -> list[RepoDataRecord]:
    """Lock every environment; the records of all, sorted by address."""
    from rattler import Channel, LockChannel, LockFile, LockPlatform

    platform = LockPlatform(PLATFORM)
    lock = LockFile([platform])
    channels = [Channel(channel) for channel in request.channels]
    published = request.published
    urls = [published] if published else [channel.base_url.rstrip("/") for channel in channels]
    found = {}
    held: list[str] = []
    before = read_lock(request.locked) if request.locked else None
    with gateway(request) as source:
        for environment, specs in request.specs.items():
            lock.set_channels(environment, [LockChannel(url) for url in urls])
            if before:
                records = taken_over(before, environment, specs, urls)
            else:
                records = await solved(channels, specs, held, source, request.glibc)
            for record in records:
                if published:
                    record.url = f"{published}/{record.subdir}/{record.file_name}"
                    record.channel = published
                lock.add_conda_package(environment, platform, record)
                found[record.url] = record
            # What the hub starts speaks the hub's own version.
            held += [f"jupyterhub =={r.version}" for r in records if is_jupyterhub(r)]
    lock.to_path(path)
    return [record for _, record in sorted(found.items())]


@contextmanager
def gateway(request: Request) -> Iterator[Gateway]:
    """What knows the packages of the channels."""
    with tempfile.TemporaryDirectory() as nowhere:
        cache = request.repodata or Path(nowhere)
        yield network.gateway(network.configuration(), cache, from_memory=request.offline)


async def solved(
    channels: list[Channel], specs: list[str], held: list[str], source: Gateway, glibc: str
) -> list[RepoDataRecord]:
    """The records of one environment."""
    from rattler import solve

    return await solve(
        channels,
        specs,
        gateway=source,
        platforms=SUBDIRS,
        virtual_packages=target_virtual_packages(glibc),
        constraints=held,
    )


def read_lock(path: Path) -> LockFile:
    """An earlier lock; raises UnfitLock for a file that is none."""
    from rattler import LockFile

    try:
        return LockFile.from_path(path)
    except Exception as error:  # rattler's errors have no common base
        raise unfit(f"{path} is no lock: {error}") from error


def taken_over(
    lock: LockFile, environment: str, specs: list[str], urls: list[str]
) -> list[RepoDataRecord]:
    """The records that an earlier lock has for an environment.

    Raises UnfitLock if they are other channels', or no longer satisfy all specs.
    """
    from rattler import MatchSpec

    there = lock.environment(environment)
    if there is None:
        raise unfit(f"the lock has no environment {environment}")
    records = there.conda_repodata_records()[PLATFORM]
    others = {(record.channel or "").rstrip("/") for record in records}.difference(urls)
    if others:
        raise unfit(f"the lock has packages of {', '.join(sorted(others))}")
    for spec in specs:
        if not any(MatchSpec(spec).matches(record) for record in records):
            raise unfit(f"the lock has nothing that is {spec}, for the environment {environment}")
    return records


def unfit(problem: str) -> UnfitLock:
    """The error for a lock that is of something else."""
    return UnfitLock(
        problem,
        "name with --lock the teamhub.lock of a package that was built of the same channels and "
        "profile, or leave --lock out",
    )


def is_jupyterhub(record: RepoDataRecord) -> bool:
    """Whether a record is JupyterHub itself."""
    return record.name.normalized == "jupyterhub"


def described(record: RepoDataRecord) -> Record:
    """A record as repodata has it, with its file's name and address."""
    entry: Record = json.loads(record.to_json())
    entry.pop("channel", None)
    return {**entry, "fn": record.file_name, "url": record.url}
