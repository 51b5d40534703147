"""The user environment of a generation: the shipped packages and the team's, solved together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from teamhub.environment.conda.channels import explain, gateway, sources
from teamhub.environment.conda.packages import locked_records, requested_specs
from teamhub.environment.store.generations import cannot_write
from teamhub.environment.store.layout import Layout
from teamhub.system.remedies import retry_env_command
from teamhub_shared import ENVIRONMENTS, TeamhubError
from teamhub_shared.conda.platform import PLATFORM, SUBDIRS, virtual_packages
from teamhub_shared.conda.process import rattler_process

if TYPE_CHECKING:
    from rattler import RepoDataRecord

    from teamhub.environment.team.file import TeamPackages


def write_lock(
    layout: Layout,
    team: TeamPackages,
    lock: Path,
    *,
    before: Path | None = None,
    from_memory: bool = False,
) -> None:
    """Write the lock of a generation that has the shipped packages and the team's.

    `before` is the lock whose packages stay as they are where that is possible; `from_memory`
    asks no channel anew.  Raises NoSuchPackage, ChannelUnreachable, BadNetworkFile or CannotWrite.
    """
    with rattler_process(retry_env_command()) as rattler:
        rattler.call(solve_packages, layout, team, lock, before, from_memory)


def solve_packages(
    layout: Layout, team: TeamPackages, lock: Path, before: Path | None, from_memory: bool
) -> None:
    """Solve and write, in this process."""
    import asyncio

    from rattler import LockChannel, LockFile, LockPlatform
    from rattler.exceptions import IoError

    hub = locked_records(layout.shipped_lock, "hub")
    try:
        user = asyncio.run(solved(layout, team, hub, before, from_memory))
    except TeamhubError:
        raise
    except Exception as error:  # rattler raises errors of its own binding, without a common base
        raise explain(error, layout.team_file) from error
    linux = LockPlatform(PLATFORM)
    file = LockFile([linux])
    for environment, records in zip(ENVIRONMENTS, (hub, user), strict=True):
        urls = dict.fromkeys((record.channel or "").rstrip("/") for record in records)
        file.set_channels(environment, [LockChannel(url) for url in urls])
        for record in records:
            file.add_conda_package(environment, linux, record)
    try:
        file.to_path(lock)
    except IoError as error:
        raise cannot_write(lock, str(error), layout) from error


async def solved(
    layout: Layout,
    team: TeamPackages,
    hub: list[RepoDataRecord],
    before: Path | None,
    from_memory: bool,
) -> list[RepoDataRecord]:
    """The records of the user environment."""
    from rattler import Channel, solve

    shipped = locked_records(layout.shipped_lock, "user")
    names = {record.name.normalized for record in shipped}
    earlier = locked_records(before, "user") if before else []
    return await solve(
        [Channel(channel) for channel in sources(layout, team)],
        [*requested_specs(layout.channel)["user"], *team.specs],
        gateway=gateway(layout, from_memory=from_memory),
        platforms=SUBDIRS,
        virtual_packages=virtual_packages(),
        locked_packages=[*shipped, *(r for r in earlier if r.name.normalized not in names)],
        # What the hub starts speaks the hub's own version.
        constraints=[f"jupyterhub =={r.version}" for r in hub if r.name.normalized == "jupyterhub"],
    )
