"""What was changed by hand in a user environment, with conda, with pip or with an editor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from teamhub.environment import pip_packages
from teamhub.environment.by_hand import files
from teamhub.environment.by_hand.files import Hashes
from teamhub.environment.conda.packages import records
from teamhub.environment.store.generations import COMPLETE, Generation
from teamhub.environment.store.manifest import Package, PipPackage


@dataclass(frozen=True)
class Changes:
    """The differences between a user environment and what it was made of."""

    #: conda packages that are new, or of another version or build.
    conda_added: tuple[Package, ...] = ()
    #: Packages of the lock whose records are gone, and nothing of the same name instead.
    conda_removed: tuple[str, ...] = ()
    #: Python packages that pip put there.
    pip_added: tuple[PipPackage, ...] = ()
    pip_removed: tuple[str, ...] = ()
    #: By package: files that have another content.
    edited: dict[str, list[str]] = field(default_factory=dict)
    #: By package: files that are gone.
    missing: dict[str, list[str]] = field(default_factory=dict)
    #: Files of no package.
    unknown: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(
            (self.conda_added, self.pip_added, self.conda_removed, self.pip_removed,
             self.edited, self.missing, self.unknown)
        )  # fmt: skip


def find(generation: Generation, *, thorough: bool, hashes: Hashes | None = None) -> Changes:
    """Compare a generation's user environment with its records.

    `thorough` compares every file's content; else only of those that were written since the
    generation was complete, which misses only a change that hides its time.
    """
    prefix = generation.user
    packages, pip = changed_packages(generation)
    since = -1 if thorough else (generation.path / COMPLETE).stat().st_mtime_ns
    if not thorough and not files.written_since(since, prefix):
        return Changes(*packages, *pip)
    found = files.compare(prefix, since, hashes)
    return Changes(*packages, *pip, found.edited, found.missing, found.unknown)


def find_packages(generation: Generation) -> Changes:
    """Only what conda and pip have changed: by their records, in a few milliseconds."""
    packages, pip = changed_packages(generation)
    return Changes(*packages, *pip)


def changed_packages(
    generation: Generation,
) -> tuple[
    tuple[tuple[Package, ...], tuple[str, ...]], tuple[tuple[PipPackage, ...], tuple[str, ...]]
]:
    """What was added and removed with conda, and with pip."""
    prefix, made = generation.user, generation.made
    locked = {package.stem: package for package in made.packages}
    there = {path.stem for path in (prefix / "conda-meta").glob("*.json")}
    unlocked = sorted(there - locked.keys())
    # One that cannot be read is a file that was changed.
    new = [record for _, record in records(prefix, unlocked) if record is not None]
    added = tuple(map(package_of_record, new))
    changed = {package.name for package in added}
    gone = [locked[stem].name for stem in sorted(locked.keys() - there)]
    removed = tuple(name for name in gone if name not in changed)

    known, now = set(made.distributions), pip_packages.distributions(prefix)
    condas = {path for record in new for path in record.get("files", ())}
    pip_added = tuple(
        PipPackage(name, version, "", "")
        for folder, (name, version) in sorted(now.items())
        if folder not in known and f"{folder}/METADATA" not in condas
    )
    explained = {name for name, _ in now.values()} | changed | set(gone)
    lost = (pip_packages.name_and_version(folder)[0] for folder in sorted(known - now.keys()))
    return (added, removed), (pip_added, tuple(name for name in lost if name not in explained))


def package_of_record(record: dict[str, Any]) -> Package:
    """What a record of conda-meta says of its package."""
    channel = str(record.get("channel") or "").rstrip("/").removesuffix(f"/{record['subdir']}")
    return Package(record["name"], record["version"], record["build"], channel)
