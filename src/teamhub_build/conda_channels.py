"""What ships of conda channels: a lock solved against them, and the packages that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from teamhub_build.fetcher import Download, fetch_files
from teamhub_build.lock import write_shipped_lock
from teamhub_build.own_process import in_own_process
from teamhub_build.packages.recipe import link_or_copy
from teamhub_build.profiles import requested_specs
from teamhub_build.progress import Progress
from teamhub_build.solver import Record, Request
from teamhub_build.variant import Variant
from teamhub_build.wheelhouse import InputError
from teamhub_build.workspace import Workspace


def fetch_shipped_channel(
    workspace: Workspace, variant: Variant, out: Path, *, offline: bool, progress: Progress
) -> None:
    """Makes `out` the channel that ships: the lock, and the packages unless the variant is thin.

    Raises UnsolvableError, or InputError for a package that cannot be had or is not what its
    channel says.
    """
    progress.stage(f"locking the environments with {', '.join(variant.channels)}")
    request = Request(
        requested_specs(variant),
        variant.channels,
        variant.suite.glibc,
        repodata=workspace.repodata,
        offline=offline,
        locked=variant.lock,
    )
    records = write_shipped_lock(request, out)
    progress(f"{len(records)} packages")
    if not variant.thin:
        progress.stage("fetching the conda packages")
        fetch_packages(workspace, records, offline=offline, progress=progress)
        for record in records:
            put_package(workspace, record, out)


def fetch_packages(
    workspace: Workspace,
    records: Sequence[Record],
    *,
    offline: bool,
    progress: Progress,
) -> None:
    """Fetch those packages that no earlier build has; what came stays where another fails."""
    missing = [record for record in records if not stored(workspace, record).exists()]
    if not missing:
        return
    if offline:
        raise InputError(
            f"{len(missing)} of {len(records)} conda packages were not fetched yet, the first of "
            f"them {missing[0]['fn']}",
            "build once without --offline",
        )
    wanted = [
        Download(entry["url"], entry["sha256"], stored(workspace, entry)) for entry in missing
    ]
    in_own_process(fetch_files, wanted, progress)


def stored(workspace: Workspace, record: Record) -> Path:
    """Where a fetched package is kept between builds."""
    return Path(workspace.channel_packages, record["sha256"][:16], record["fn"])


def put_package(workspace: Workspace, record: Record, out: Path) -> None:
    """Lay one package into the channel that ships.

    Raises InputError for a file that has changed since it was fetched, or has the name of another.
    """
    source = stored(workspace, record)
    with source.open("rb") as content:
        got = hashlib.file_digest(content, "sha256").hexdigest()
    if got != record["sha256"]:
        raise InputError(
            f"{source}: its sha256 is {got}, not {record['sha256']}", "delete it, then build again"
        )
    target = out / record["subdir"] / record["fn"]
    if target.exists():
        raise InputError(
            f"two of the channels have different files with the name {target.name}",
            "name only one of these channels with --channel",
        )
    link_or_copy(source, target)
