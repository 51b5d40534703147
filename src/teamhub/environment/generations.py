"""Generations: /opt/teamhub/generations/ID/{hub,user}, and which of them is current.

A generation is built beside the others, checked, synced and marked complete; only then does
`current` move to it, by one rename.  A build that is killed leaves a generation without its mark,
which the next build removes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from teamhub.environment.prefix import write_prefix
from teamhub.system import failure, run
from teamhub_shared import CHANNEL_DIR, ENVIRONMENTS, LOCK_NAME, TeamhubError

ROOT = Path("/opt/teamhub")
GENERATIONS = ROOT / "generations"
CURRENT = ROOT / "current"
CACHE = ROOT / "pkgs"
COMPLETE = ".complete"

#: What each prefix must be able to run before it is used: relative to the generation.
CHECKS = (
    ("hub/bin/jupyterhub", "--version"),
    ("hub/bin/node", "--version"),
    ("user/bin/jupyterhub-singleuser", "--version"),
    ("user/bin/python3", "-c", "import ipykernel, jupyterlab"),
)


class BrokenGeneration(TeamhubError):
    """A generation does not pass its own check."""


def ensure_current(report: Callable[[str], None]) -> Path:
    """Make the generation of the shipped lock, unless it is there, and make it current."""
    generation = GENERATIONS / lock_id()
    if not is_complete(generation):
        build(generation, report)
    switch(generation)
    return generation


def lock_id(lock: Path = CHANNEL_DIR / LOCK_NAME) -> str:
    """The name of the generation that a lock makes: the same lock, the same generation."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:12]


def is_complete(generation: Path) -> bool:
    """Whether a generation was built to its end."""
    return (generation / COMPLETE).is_file()


def is_up_to_date() -> bool:
    """Whether the generation of the shipped lock is there and in use."""
    generation = GENERATIONS / lock_id()
    return is_complete(generation) and current() == generation


def current() -> Path | None:
    """The generation in use, or None before the first."""
    return CURRENT.resolve() if CURRENT.is_symlink() else None


def build(generation: Path, report: Callable[[str], None]) -> None:
    """Fill, check, sync and mark a generation; what an earlier attempt left is removed first."""
    if generation.exists():
        shutil.rmtree(generation)
    generation.mkdir(parents=True, mode=0o755)
    for environment in ENVIRONMENTS:
        report(f"installing the {environment} environment into {generation / environment}")
        write_prefix(generation / environment, environment, CACHE)
    check(generation)
    # The mark must not reach the disk before what it speaks for.
    run(["sync", "--file-system", str(generation)], remedy="look at the disk of /opt")
    (generation / COMPLETE).touch(mode=0o644)


def check(generation: Path) -> None:
    """Run each prefix's programs, as an account that owns nothing.

    Raises BrokenGeneration with the program's own words.
    """
    for program, *arguments in CHECKS:
        command = [str(generation / program), *arguments]
        done = subprocess.run(
            command,
            user="nobody",
            group="nogroup",
            extra_groups=(),
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BrokenGeneration(
                failure(done),
                "the generation before stays in use; try again: dpkg --configure teamhub",
            )


def switch(generation: Path) -> None:
    """Make a complete generation the current one, by one rename."""
    if current() == generation:
        return
    link = CURRENT.with_name(".current.new")
    link.unlink(missing_ok=True)
    link.symlink_to(generation.relative_to(ROOT))
    link.replace(CURRENT)
    os.sync()
