"""The files of a prefix, compared with what conda and pip have recorded of them."""

from __future__ import annotations

import base64
import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from teamhub.environment import pip_packages
from teamhub.environment.conda.hashing import file_hash
from teamhub.environment.conda.packages import records

#: What conda, mamba and rattler write into a prefix for themselves, and we for conda.
TOOLS_FILES = (
    ".condarc",
    "CACHEDIR.TAG",
    "conda-meta/history",
    "conda-meta/state",
    "conda-meta/.mamba_lock",
)


@dataclass(frozen=True)
class Recorded:
    """What conda or pip has recorded of a file."""

    package: str
    #: In hexadecimal, or as a RECORD has it; empty for links, and if pip recorded none.
    sha256: str
    is_link: bool = False


@dataclass(frozen=True)
class Differences:
    """The files of a prefix that are not as they were recorded."""

    #: By package: files that have another content.
    edited: dict[str, list[str]] = field(default_factory=dict)
    #: By package: files that are gone.
    missing: dict[str, list[str]] = field(default_factory=dict)
    #: Files of no package.
    unknown: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.edited, self.missing, self.unknown))

    @property
    def damaged(self) -> dict[str, list[str]]:
        """By package: files that are gone or have another content."""
        return {
            name: sorted([*self.edited.get(name, ()), *self.missing.get(name, ())])
            for name in sorted({*self.edited, *self.missing})
        }


class Hashes:
    """The hashes of files, each computed once: generations share most files by hardlinks."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], str] = {}

    def of(self, path: str) -> str:
        """The SHA-256 of a file, or of what a link points at; empty if there is none."""
        try:
            status = os.stat(path)  # noqa: PTH116 - a Path for each takes longer
        except OSError:
            return ""
        key = status.st_dev, status.st_ino
        if key not in self._known:
            self._known[key] = file_hash(path)
        return self._known[key]


def compare(prefix: Path, since: int = -1, hashes: Hashes | None = None) -> Differences:
    """Compare a prefix with its records.

    Only the content of files that were written after `since` is compared, in nanoseconds.
    """
    if not (prefix / "conda-meta").is_dir():
        return Differences(missing={"all packages": ["conda-meta"]})
    hashes = hashes or Hashes()
    owned = recorded(prefix)
    there = {path: (written, is_link) for path, written, is_link in files(prefix)}
    edited: dict[str, list[str]] = {}
    missing: dict[str, list[str]] = {}
    for path, record in owned.items():
        if path not in there:
            missing.setdefault(record.package, []).append(path)
            continue
        written, is_link = there[path]
        if written > since and has_changed(f"{prefix}/{path}", record, hashes, is_link=is_link):
            edited.setdefault(record.package, []).append(path)
    unknown = tuple(sorted(path for path in there if path not in owned and not own_trace(path)))
    return Differences(edited, missing, unknown)


def has_changed(path: str, record: Recorded, hashes: Hashes, *, is_link: bool) -> bool:
    """Whether a file that is there differs from its record."""
    if record.is_link:
        return not is_link
    sha256 = hexadecimal(record.sha256)
    return bool(sha256) and hashes.of(path) != sha256


def recorded(prefix: Path) -> dict[str, Recorded]:
    """Every file that conda or pip has put into a prefix, by its path."""
    # conda's records come last: if both name a file, conda's hash is the one of the prefix
    return {**dict(pip_files(prefix)), **dict(conda_files(prefix))}


def conda_files(prefix: Path) -> Iterator[tuple[str, Recorded]]:
    """Every file that conda has put into a prefix: its path, and what is recorded of it."""
    for path, record in records(prefix):
        own = f"conda-meta/{path.name}"
        if record is None:
            # No file has this hash: the record itself is what was changed.
            yield own, Recorded(package_of(path), "0" * 64)
            continue
        yield own, Recorded(record["name"], "")
        for entry in record["paths_data"]["paths"]:
            link = entry["path_type"] == "softlink"
            sha256 = entry.get("sha256_in_prefix") or entry.get("sha256") or ""
            yield entry["_path"], Recorded(record["name"], "" if link else sha256, is_link=link)


def package_of(record: Path) -> str:
    """The package that a file NAME-VERSION-BUILD.json is the record of."""
    return record.stem.rsplit("-", 2)[0]


def pip_files(prefix: Path) -> Iterator[tuple[str, Recorded]]:
    """The files that the RECORD of each Python package names (PyPA's specification of it)."""
    for folder, (name, _) in pip_packages.distributions(prefix).items():
        record = prefix / folder / "RECORD"
        if not record.is_file():
            continue
        base = Path(folder).parent.as_posix()
        with record.open(newline="", encoding="utf-8", errors="replace") as lines:
            for line in csv.reader(text.replace("\0", "") for text in lines):
                # a torn file has such lines
                if len(line) < 2:
                    continue
                path, digest = line[:2]
                inside = f"{base}/{path}"
                plain = "./" not in path and "//" not in path
                yield inside if plain else os.path.normpath(inside), Recorded(name, digest)


def hexadecimal(recorded: str) -> str:
    """A recorded SHA-256 in hexadecimal: conda's is already, a RECORD has `sha256=` and base64.

    Empty if the hash is of another kind.
    """
    kind, encoded, value = recorded.partition("=")
    if not encoded:
        return kind
    if kind != "sha256":
        return ""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()


def files(prefix: Path) -> Iterator[tuple[str, int, bool]]:
    """Every file and link below a prefix: when it was last written, in nanoseconds; if a link."""
    stack = [(str(prefix), "")]
    while stack:
        folder, inside = stack.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                path = f"{inside}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    stack.append((entry.path, f"{path}/"))
                else:
                    written = entry.stat(follow_symlinks=False).st_mtime_ns
                    yield path, written, entry.is_symlink()


def written_since(since: int, prefix: Path) -> bool:
    """Whether a file or a folder below a prefix was written after that time, in nanoseconds.

    A folder is written when an entry is added, removed or replaced.
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
