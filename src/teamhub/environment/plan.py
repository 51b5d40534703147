"""What the next generation shall be, found out before anything is built."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from teamhub.environment.conda import solver
from teamhub.environment.conda.channels import ChannelUnreachable
from teamhub.environment.store import generations
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import PipPackage
from teamhub.environment.team.file import TeamPackages
from teamhub_shared import LOCK_NAME


@dataclass(frozen=True)
class Plan:
    """A generation that is not there yet."""

    number: int
    generation: Path
    #: Its lock, in a folder of the caller's.
    lock: Path
    team: TeamPackages
    #: The part of it that is not in environment.yml.
    carried: TeamPackages
    inputs: str
    #: What pip had put into the generation before, whose versions stay.
    pip_before: tuple[PipPackage, ...]


def inputs_hash(team: TeamPackages, layout: Layout) -> str:
    """A name for what a generation is made from: the shipped lock and the team's wishes."""
    asked = json.dumps([generations.lock_id(layout), dataclasses.asdict(team)])
    return hashlib.sha256(asked.encode()).hexdigest()


def make(
    team: TeamPackages,
    carried: TeamPackages,
    layout: Layout,
    scratch: Path,
    *,
    update: bool,
    unattended: bool,
) -> Plan:
    """Solve for the next generation of `team`; its lock is written into `scratch`.

    `update`: let the team's packages move to newer versions.  `unattended`: be content with what
    the channels said last where they cannot be reached.
    Raises NoSuchPackage, ChannelUnreachable or BadNetworkFile.
    """
    there = generations.complete(layout)
    now = generations.current(layout)
    before = None if update else now
    lock = scratch / LOCK_NAME
    if team.specs:
        solve(team, layout, lock, before, unattended=unattended)
    else:
        shutil.copyfile(layout.shipped_lock, lock)
    number = max((made.number for made in there.values()), default=0) + 1
    inputs = inputs_hash(team, layout)
    # By content, so that it says which it is; with the number, since pip's part is not in the lock.
    name = hashlib.sha256(lock.read_bytes() + f"{inputs} {number}".encode()).hexdigest()[:12]
    pip_before = there[before].pip_packages if before in there else ()
    return Plan(number, layout.generations / name, lock, team, carried, inputs, pip_before)


def solve(
    team: TeamPackages, layout: Layout, lock: Path, before: Path | None, *, unattended: bool
) -> None:
    """Write the lock of shipped and team's packages."""
    earlier = before / LOCK_NAME if before else None
    try:
        solver.write_lock(layout, team, lock, before=earlier)
    except ChannelUnreachable:
        if not unattended or not layout.repodata.is_dir():
            raise
        solver.write_lock(layout, team, lock, before=earlier, from_memory=True)
