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
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import PipPackage
from teamhub.environment.store.state import State
from teamhub.environment.team.file import TeamPackages
from teamhub_shared import LOCK_NAME


@dataclass(frozen=True)
class Plan:
    """A generation of which there is nothing yet but its lock."""

    number: int
    #: Its folder, with the lock in it.
    path: Path
    team: TeamPackages
    #: The part of it that is not in environment.yml.
    carried: TeamPackages
    inputs: str
    #: What pip had put into the generation before, whose versions stay.
    pip_before: tuple[PipPackage, ...]

    @property
    def lock(self) -> Path:
        """What it is built from."""
        return self.path / LOCK_NAME


def inputs_hash(team: TeamPackages, shipped: str) -> str:
    """A name for what a generation is made from: the shipped lock, by its id, and the team's."""
    asked = json.dumps([shipped, dataclasses.asdict(team)])
    return hashlib.sha256(asked.encode()).hexdigest()


def make(
    team: TeamPackages, carried: TeamPackages, state: State, *, update: bool, unattended: bool
) -> Plan:
    """Solve for the next generation of `team`, and begin its folder with the lock.

    `update`: let the team's packages move to newer versions.  `unattended`: be content with what
    the channels said last where they cannot be reached.
    Raises NoSuchPackage, ChannelUnreachable, BadNetworkFile or CannotWrite.
    """
    before = None if update else state.current
    inputs = inputs_hash(team, state.shipped)
    path = write_lock(team, state, before, inputs, unattended=unattended)
    pip_before = before.made.pip_packages if before else ()
    return Plan(state.next_number, path, team, carried, inputs, pip_before)


def write_lock(
    team: TeamPackages, state: State, before: Generation | None, inputs: str, *, unattended: bool
) -> Path:
    """Make the folder of the next generation, with its lock; returns the folder."""
    layout = state.layout
    unnamed = layout.generations / ".next"
    with generations.unfinished(unnamed, layout):
        unnamed.mkdir(parents=True, mode=0o755)
        lock = unnamed / LOCK_NAME
        if team.specs:
            solve(team, layout, lock, before, unattended=unattended)
        else:
            shutil.copyfile(layout.shipped_lock, lock)
        # By content, so that it says which it is; with the number, since the lock does not have
        # what is pip's.
        content = lock.read_bytes() + f"{inputs} {state.next_number}".encode()
        return unnamed.rename(layout.generations / hashlib.sha256(content).hexdigest()[:12])


def solve(
    team: TeamPackages, layout: Layout, lock: Path, before: Generation | None, *, unattended: bool
) -> None:
    """Write the lock of shipped and team's packages."""
    earlier = before.path / LOCK_NAME if before else None
    try:
        solver.write_lock(layout, team, lock, before=earlier)
    except ChannelUnreachable:
        if not unattended or not layout.repodata.is_dir():
            raise
        solver.write_lock(layout, team, lock, before=earlier, from_memory=True)
