"""What a publisher does: add packages, take one back, let canary through, sign again."""

from __future__ import annotations

import fcntl
import filecmp
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.repository.debs import PACKAGES, TEAMHUB, Deb, DebError, newest_first, read_deb
from teamhub_build.repository.distribution import (
    STATES,
    Distribution,
    field,
    put,
    sync,
    write_entries,
)
from teamhub_build.repository.signing import check_keys
from teamhub_build.suites import SUITES
from teamhub_shared import TeamhubError

Say = Callable[[str], None]
#: The file that says whose folder it is, and that publishers hold while they work.
MARKER = ".teamhub-repository"
#: What each distribution has: the entries of its index, by the paths of the packages.
Contents = dict[Distribution, dict[str, str]]


class UnknownVersion(TeamhubError):
    """A version that was named is not published."""


class UnfitRepository(TeamhubError):
    """A folder that is no repository of teamhub's, or one of another component."""


@dataclass(frozen=True)
class Repository:
    """A repository in a folder, and how it is signed."""

    folder: Path
    keys: tuple[str, ...]
    component: str = "main"
    #: Versions of a package that a distribution keeps.
    keep: int = 5
    #: Days after which apt takes the index for outdated, unless it is signed again.
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

    Raises DebError, UnfitRepository, IncompleteRepository or SigningError before anything has
    changed.
    """
    debs = [(path, read_deb(path)) for path in files]
    with exclusive(repository):
        contents = published(repository)
        additions = [
            (distribution, path, deb)
            for distribution in contents
            for path, deb in debs
            if distribution.codename in deb.codenames and distribution.state == deb.state(state)
        ]
        for path, deb in debs:
            refuse_other_content(path, repository.folder / deb.pool_path(repository.component))
        for distribution in contents:
            added = [deb for each, _, deb in additions if each == distribution]
            refuse_outdated(contents[distribution], added, repository.keep)
        for path, deb in debs:
            put(path, repository.folder / deb.pool_path(repository.component))
        entries = write_entries(repository.folder)
        for distribution, _, deb in additions:
            place = deb.pool_path(repository.component)
            contents[distribution][place] = entries[place]
            say(f"{distribution.name}: {deb.name} {deb.version}")
        write(repository, contents)


def refresh(repository: Repository) -> None:
    """Sign again what is published, which is then valid for longer.

    Raises UnfitRepository where nothing is.
    """
    with exclusive(repository):
        if not any(each.folder.exists() for each in repository.distributions()):
            raise UnfitRepository(
                f"nothing is published in {repository.folder}", "name another folder with --repo"
            )
        write(repository, published(repository))


def promote(repository: Repository, source: str, target: str, say: Say) -> None:
    """Have the distributions of one state take the versions of teamhub that those of another have.

    Keyring packages stay: each names the distribution that it is for.
    """
    with exclusive(repository):
        contents = published(repository)
        for origin, goal in zip(
            repository.distributions(source), repository.distributions(target), strict=True
        ):
            before = set(contents[goal])
            tried = {path: entry for path, entry in contents[origin].items() if is_teamhub(entry)}
            contents[goal] = kept({**contents[goal], **tried}, repository.keep)
            for path, entry in contents[goal].items():
                if path not in before:
                    say(f"{goal.name}: {field(entry, 'Package')} {field(entry, 'Version')}")
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
            if is_teamhub(entry)
            and version in (field(entry, "Version"), field(entry, "Version").partition("~deb")[0])
        ]
        if not gone:
            there = {
                field(entry, "Version")
                for entries in contents.values()
                for entry in entries.values()
                if is_teamhub(entry)
            }
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
            distribution.write(newest.values(), repository.keys, repository.valid_days)
            distribution.remove_old()
    wanted = {path for each in contents for path in each.kept_paths()}
    for path in (repository.folder / "pool").rglob("*"):
        ours = path.name.removeprefix(".").partition("_")[0] in PACKAGES
        if ours and path.is_file() and str(path.relative_to(repository.folder)) not in wanted:
            path.unlink()
    # A rename is on the disk some seconds later; what is called published has to outlive a power
    # cut.  Of the renames before it, a journal keeps the order: InRelease names what is there.
    sync(repository.folder)


def is_teamhub(entry: str) -> bool:
    """Whether an entry is teamhub's itself, and not the keyring package's."""
    return field(entry, "Package") == TEAMHUB


def kept(entries: Mapping[str, str], keep: int) -> dict[str, str]:
    """The entries of the newest versions of each package, in the order of their paths."""
    newest = newest_versions(map(name_and_version, entries.values()), keep)
    return {path: e for path, e in sorted(entries.items()) if name_and_version(e) in newest}


def name_and_version(entry: str) -> tuple[str, str]:
    """Which package an entry of the index is of."""
    return field(entry, "Package"), field(entry, "Version")


def newest_versions(packages: Iterable[tuple[str, str]], keep: int) -> set[tuple[str, str]]:
    """Of packages, as name and version, the newest `keep` of each name."""
    by_name: dict[str, list[str]] = {}
    for name, version in packages:
        by_name.setdefault(name, []).append(version)
    return {
        (name, version)
        for name, versions in by_name.items()
        for version in newest_first(versions)[:keep]
    }


def refuse_outdated(entries: Mapping[str, str], added: Sequence[Deb], keep: int) -> None:
    """Raise DebError where a package would go at once, as older than those that are kept."""
    there = map(name_and_version, entries.values())
    newest = newest_versions([*there, *((deb.name, deb.version) for deb in added)], keep)
    for deb in added:
        if (deb.name, deb.version) not in newest:
            raise DebError(
                f"{deb.name} {deb.version} is older than the {keep} versions that are kept",
                "keep more versions with --keep, or do not publish this one",
            )


def refuse_other_content(path: Path, there: Path) -> None:
    """Raise DebError where another file of this name and version is published already."""
    if there.exists() and not filecmp.cmp(path, there, shallow=False):
        raise DebError(
            f"{path} differs from the published {there.name}, though its version is the same",
            "give the new one a higher version in debian/changelog and build it again",
        )


@contextmanager
def exclusive(repository: Repository) -> Iterator[None]:
    """Wait for other publishers, and see first that this folder can be written and signed."""
    check_keys(repository.keys)
    refuse_unfit(repository)
    # web servers run as others, whatever this account's umask is
    before = os.umask(0o022)
    try:
        repository.folder.mkdir(parents=True, exist_ok=True)
        with (repository.folder / MARKER).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # what a publisher left that was killed
            shutil.rmtree(repository.folder / ".staging", ignore_errors=True)
            (repository.folder / "pool").mkdir(exist_ok=True)
            yield
    finally:
        os.umask(before)


def refuse_unfit(repository: Repository) -> None:
    """Raise UnfitRepository for somebody else's repository, and for another component."""
    folder = repository.folder
    taken = [name for name in ("dists", "pool") if (folder / name).exists()]
    if taken and not (folder / MARKER).exists():
        raise UnfitRepository(
            f"{folder} has a {taken[0]} that teamhub did not make",
            f"name a folder of its own, or, if it is a copy of one: touch {folder / MARKER}",
        )
    for distribution in repository.distributions():
        component = distribution.published_component()
        if component != repository.component:
            raise UnfitRepository(
                f"{folder} has the component {component} and not {repository.component}",
                f"publish with --component {component}, or into a folder of its own",
            )
