"""What a publisher does: add packages, take one back, let canary through, sign anew."""

from __future__ import annotations

import fcntl
import filecmp
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.repository.debs import DebError, newest_first, read_deb
from teamhub_build.repository.distribution import (
    STATES,
    Distribution,
    field,
    put,
    write_entries,
)
from teamhub_build.repository.signing import check_keys
from teamhub_build.suites import SUITES
from teamhub_shared import TeamhubError

Say = Callable[[str], None]
#: What each distribution has: the entries of its index, by the paths of the packages.
Contents = dict[Distribution, dict[str, str]]


class UnknownVersion(TeamhubError):
    """A version that was named is not published."""


@dataclass(frozen=True)
class Repository:
    """A repository in a folder, and how it is signed."""

    folder: Path
    keys: tuple[str, ...]
    component: str = "main"
    #: Versions of a package that a distribution keeps.
    keep: int = 5
    #: Days after which apt takes the index for outdated, unless it is signed anew.
    valid_days: float = 14.0

    def distributions(self, state: str | None = None) -> list[Distribution]:
        """Those of one state, or all."""
        return [
            Distribution(self.folder, codename, each, self.component)
            for each in STATES
            if state in (None, each)
            for codename in SUITES
        ]


def publish(repository: Repository, files: Sequence[Path], state: str, say: Say) -> None:
    """Add packages to the distributions of the Debian suites that they are for.

    Raises DebError before anything has changed.
    """
    debs = [(path, read_deb(path)) for path in files]
    with exclusive(repository):
        for path, deb in debs:
            refuse_other_content(path, repository.folder / deb.pool_path)
        for path, deb in debs:
            put(path, repository.folder / deb.pool_path)
        entries = write_entries(repository.folder)
        contents = published(repository)
        for distribution in repository.distributions(state):
            for _, deb in debs:
                if distribution.codename in deb.codenames:
                    contents[distribution][deb.pool_path] = entries[deb.pool_path]
                    say(f"{distribution.name}: {deb.name} {deb.version}")
        write(repository, contents)


def refresh(repository: Repository) -> None:
    """Sign what is published anew, which is then valid for longer."""
    with exclusive(repository):
        write(repository, published(repository))


def promote(repository: Repository, source: str, target: str, say: Say) -> None:
    """Have the distributions of one state take all that those of another have."""
    with exclusive(repository):
        contents = published(repository)
        for origin, goal in zip(
            repository.distributions(source), repository.distributions(target), strict=True
        ):
            for path, entry in contents[origin].items():
                if path not in contents[goal]:
                    say(f"{goal.name}: {field(entry, 'Package')} {field(entry, 'Version')}")
            contents[goal].update(contents[origin])
        write(repository, contents)


def withdraw(repository: Repository, version: str, state: str | None, say: Say) -> None:
    """Take a version of teamhub out; servers that have it keep it.

    `version` may leave out the suite: "1.2.0" is 1.2.0~deb12 and 1.2.0~deb13.
    Raises UnknownVersion.
    """
    with exclusive(repository):
        contents = published(repository)
        gone = [
            (distribution, path)
            for distribution in repository.distributions(state)
            for path, entry in contents[distribution].items()
            if field(entry, "Version").partition("~deb")[0] == version
            or field(entry, "Version") == version
        ]
        if not gone:
            there = {field(e, "Version") for paths in contents.values() for e in paths.values()}
            raise UnknownVersion(
                f"version {version} is not published",
                f"name one that is: {', '.join(newest_first(there)) or 'there is none'}",
            )
        for distribution, path in gone:
            del contents[distribution][path]
            say(f"{distribution.name}: without {Path(path).name}")
        write(repository, contents)


def published(repository: Repository) -> Contents:
    """What each distribution has now."""
    return {each: each.published() for each in repository.distributions()}


def write(repository: Repository, contents: Mapping[Distribution, Mapping[str, str]]) -> None:
    """Write every distribution that has anything or had, and remove what nothing names."""
    for distribution, entries in contents.items():
        if entries or distribution.folder.exists():
            newest = kept(entries, repository.keep)
            distribution.write(newest, repository.keys, repository.valid_days)
            distribution.remove_old()
    wanted = {path for each in contents for path in each.kept_paths()}
    for path in (repository.folder / "pool").rglob("*"):
        if path.is_file() and str(path.relative_to(repository.folder)) not in wanted:
            path.unlink()


def kept(entries: Mapping[str, str], keep: int) -> list[str]:
    """The entries of the newest versions of each package, in the order of their paths."""
    by_package: dict[str, list[str]] = {}
    for entry in entries.values():
        by_package.setdefault(field(entry, "Package"), []).append(field(entry, "Version"))
    newest = {name: newest_first(versions)[:keep] for name, versions in by_package.items()}
    return [
        entry
        for _, entry in sorted(entries.items())
        if field(entry, "Version") in newest[field(entry, "Package")]
    ]


def refuse_other_content(path: Path, there: Path) -> None:
    """Raise DebError where another file of this name and version is published already."""
    if there.exists() and not filecmp.cmp(path, there, shallow=False):
        raise DebError(
            f"{path} is not the {there.name} that is published, though its version is the same",
            "give the new one a higher version in debian/changelog and build it again",
        )


@contextmanager
def exclusive(repository: Repository) -> Iterator[None]:
    """Wait for other publishers, and see first that signing can succeed."""
    check_keys(repository.keys)
    # web servers run as others, whatever this account's umask is
    before = os.umask(0o022)
    try:
        (repository.folder / "pool").mkdir(parents=True, exist_ok=True)
        with (repository.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # what a publisher left that was killed
            shutil.rmtree(repository.folder / ".staging", ignore_errors=True)
            yield
    finally:
        os.umask(before)
