"""Which processes still run on which generation."""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Use:
    """One process that needs a generation's files."""

    generation: str
    pid: int
    user: str
    program: str
    #: When it started, in seconds since the epoch.
    started: float


def uses(generations: Path, proc: Path = PROC) -> list[Use]:
    """Every process that has one of the generations' files open, mapped, or in its search path."""
    # The kernel names files by where they are, and a search path by how it was written.
    starts = {f"{generations}/", f"{generations.resolve()}/"}
    found = []
    for process in proc.iterdir():
        if process.name.isdigit():
            # A process may end while it is being looked at.
            with suppress(FileNotFoundError, ProcessLookupError):
                found += [
                    Use(name, int(process.name), owner(process), program(process), start(process))
                    for name in sorted(named(process, starts))
                ]
    return sorted(found, key=lambda use: (use.generation, use.started))


def named(process: Path, starts: Collection[str]) -> set[str]:
    """The generations below the folder that a process needs; `starts` are the folder's names."""
    return {
        text.split(start, 1)[1].partition("/")[0]
        for text in traces(process)
        for start in starts
        if start in text and text.split(start, 1)[1]
    }


def traces(process: Path) -> Iterator[str]:
    """Wherever the kernel tells of a file that a process needs, now or later."""
    for link in ("exe", "cwd", "root"):
        with suppress(FileNotFoundError, PermissionError):
            yield f"{(process / link).readlink()}"
    with suppress(FileNotFoundError, PermissionError):
        for descriptor in (process / "fd").iterdir():
            with suppress(FileNotFoundError):
                yield str(descriptor.readlink())
    with suppress(PermissionError):
        yield from (process / "maps").read_text("utf-8", "replace").splitlines()
        # By these a script that has not yet loaded all of itself is told.
        yield from (process / "cmdline").read_text("utf-8", "replace").split("\0")
        for variable in (process / "environ").read_text("utf-8", "replace").split("\0"):
            if variable.startswith("PATH="):
                yield from variable.removeprefix("PATH=").split(":")


def owner(process: Path) -> str:
    """The account that a process runs as."""
    uid = process.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def program(process: Path) -> str:
    """The short name of what a process runs."""
    return (process / "comm").read_text("utf-8", "replace").strip()


def start(process: Path) -> float:
    """When a process started, in seconds since the epoch (proc_pid_stat(5), field 22)."""
    fields = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    lines = (process.parent / "stat").read_text("ascii").splitlines()
    boot = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    return boot + since_boot
