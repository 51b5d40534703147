"""What was changed by hand in a user environment, with conda, with pip or with an editor."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from teamhub.environment import pip_packages
from teamhub.environment.conda.packages import read_record
from teamhub.environment.store.generations import COMPLETE, Generation
from teamhub.environment.store.manifest import Package, PipPackage

#: What conda, mamba and rattler write into a prefix for themselves, and we for conda.
TOOLS_FILES = (
    ".condarc",
    "CACHEDIR.TAG",
    "conda-meta/history",
    "conda-meta/state",
    "conda-meta/.mamba_lock",
)


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


def find(generation: Generation, *, thorough: bool) -> Changes:
    """Compare a generation's user environment with its records.

    `thorough` compares every file's content; else only of those that were written since the
    generation was complete, which finds all but what took care to hide.
    """
    prefix = generation.user
    packages, pip = changed_packages(generation)
    since = -1 if thorough else (generation.path / COMPLETE).stat().st_mtime_ns
    if not thorough and not written_since(since, prefix):
        return Changes(*packages, *pip)
    # conda's records come last: where both speak of a file, conda's hash is that of the prefix
    listed = (*pip_files(prefix), *conda_files(prefix))
    owned = {path: (name, recorded) for name, path, recorded in listed}
    there = dict(files(prefix))
    edited: dict[str, list[str]] = {}
    missing: dict[str, list[str]] = {}
    for path, (name, recorded) in owned.items():
        if path not in there:
            missing.setdefault(name, []).append(path)
        elif there[path] > since:
            sha256 = hexadecimal(recorded)
            if sha256 and content_hash(prefix / path) != sha256:
                edited.setdefault(name, []).append(path)
    unknown = tuple(sorted(path for path in there if path not in owned and not own_trace(path)))
    return Changes(*packages, *pip, edited, missing, unknown)


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
    there = {path.stem: path for path in (prefix / "conda-meta").glob("*.json")}
    new = [read_record(there[stem]) for stem in sorted(there.keys() - locked)]
    added = tuple(map(package_of_record, new))
    changed = {package.name for package in added}
    gone = [locked[stem].name for stem in sorted(locked.keys() - there.keys())]
    removed = tuple(name for name in gone if name not in changed)

    known, now = set(made.distributions), pip_packages.distributions(prefix)
    condas = {path for record in new for path in record["files"]}
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


def conda_files(prefix: Path) -> Iterator[tuple[str, str, str]]:
    """Every file that conda or pip has put into a prefix: package, path, SHA-256.

    The hash is as it is recorded; empty for links, and where pip has noted none.
    """
    for path in (prefix / "conda-meta").glob("*.json"):
        record = read_record(path)
        yield record["name"], f"conda-meta/{path.name}", ""
        for entry in record["paths_data"]["paths"]:
            link = entry["path_type"] == "softlink"
            sha256 = entry.get("sha256_in_prefix") or entry.get("sha256") or ""
            yield record["name"], entry["_path"], "" if link else sha256


def pip_files(prefix: Path) -> Iterator[tuple[str, str, str]]:
    """The files that the RECORD of each Python package names (PyPA's specification of it)."""
    for folder, (name, _) in pip_packages.distributions(prefix).items():
        record = prefix / folder / "RECORD"
        if not record.is_file():
            continue
        base = Path(folder).parent.as_posix()
        with record.open(newline="", encoding="utf-8") as lines:
            for path, digest, *_ in csv.reader(lines):
                inside = f"{base}/{path}"
                plain = "./" not in path and "//" not in path
                yield name, inside if plain else os.path.normpath(inside), digest


def hexadecimal(recorded: str) -> str:
    """A recorded SHA-256 in hexadecimal: conda's is so, a RECORD has `sha256=` and base64.

    Empty where the hash is of another kind.
    """
    kind, encoded, value = recorded.partition("=")
    if not encoded:
        return kind
    if kind != "sha256":
        return ""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()


def files(prefix: Path) -> Iterator[tuple[str, int]]:
    """Every file and link below a prefix, with the time of its last writing in nanoseconds."""
    stack = [(str(prefix), "")]
    while stack:
        folder, inside = stack.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                path = f"{inside}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    stack.append((entry.path, f"{path}/"))
                else:
                    yield path, entry.stat(follow_symlinks=False).st_mtime_ns


def written_since(since: int, prefix: Path) -> bool:
    """Whether a file or a folder below a prefix was written after that time, in nanoseconds.

    A folder is written when an entry comes, goes or is replaced.
    """
    stack = [str(prefix)]
    while stack:
        folder = stack.pop()
        if os.stat(folder).st_mtime_ns > since:  # noqa: PTH116 - a Path for each takes longer
            return True
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                elif entry.stat(follow_symlinks=False).st_mtime_ns > since:
                    return True
    return False


def own_trace(path: str) -> bool:
    """Whether conda, or a Python that may write here, leaves such a file by itself."""
    return path in TOOLS_FILES or ("/__pycache__/" in path and path.endswith(".pyc"))


def content_hash(path: Path) -> str:
    """The SHA-256 of a file, or of what a link points at, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
