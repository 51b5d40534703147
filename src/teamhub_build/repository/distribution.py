"""One distribution of the repository, dists/NAME: its index, signed, put in place in one step.

A client begins with InRelease and asks for everything else by the hash that stands in there
(Acquire-By-Hash).  InRelease is therefore written last, by one rename, and what the one before
named stays: a client sees the old state or the new one.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.commands import CommandError
from teamhub_build.repository.signing import sign_release
from teamhub_shared import TeamhubError

#: Indices whose files stay, for clients that have begun with one of them.
KEPT_INDICES = 3
DAY = 24 * 60 * 60
STATES = ("stable", "canary")
ARCHITECTURE = "amd64"
#: apt asks for an index by the strongest hash that its Release names, which is then SHA-256.
HASHES = ("MD5", "SHA1", "SHA512")
FTPARCHIVE = ("apt-ftparchive", *(f"-oAPT::FTPArchive::{name}=0" for name in HASHES))


class IncompleteRepository(TeamhubError):
    """A file that the repository itself names is not there, or another than it names."""


@dataclass(frozen=True)
class Distribution:
    """What a server's sources name: a Debian suite, stable or canary."""

    repository: Path
    codename: str
    state: str
    component: str = "main"

    @property
    def name(self) -> str:
        """The folder's name: bookworm, or bookworm-canary."""
        return self.codename if self.state == "stable" else f"{self.codename}-{self.state}"

    @property
    def folder(self) -> Path:
        """What servers read."""
        return self.repository / "dists" / self.name

    @property
    def binary(self) -> Path:
        """The folder of the index, relative to `folder`."""
        return Path(self.component, f"binary-{ARCHITECTURE}")

    def published(self) -> dict[str, str]:
        """The entries of the index that clients see, by the path of the package.

        Raises IncompleteRepository.
        """
        release = self.folder / "InRelease"
        if not release.exists():
            return {}
        # what InRelease names, since a publisher may have been killed before it wrote that
        digest = named_in_release(release, self.binary / "Packages")
        index = self.by_hash / digest
        if not index.exists():
            raise incomplete(f"{index}, which {release} names, is not there")
        return read_entries(index.read_text("utf-8"))

    def published_component(self) -> str:
        """The component that clients see; this one where nothing is published."""
        release = self.folder / "InRelease"
        if not release.exists():
            return self.component
        return field(release.read_text("utf-8"), "Components")

    @property
    def by_hash(self) -> Path:
        """The indices, each under the name of its hash."""
        return self.folder / self.binary / "by-hash/SHA256"

    def write(self, entries: Iterable[str], keys: Sequence[str], valid_days: float) -> None:
        """Put a new index in place."""
        staging = self.repository / ".staging" / self.name
        shutil.rmtree(staging, ignore_errors=True)
        (staging / self.binary).mkdir(parents=True)
        index = "".join(f"{entry}\n\n" for entry in entries).encode()
        (staging / self.binary / "Packages").write_bytes(index)
        (staging / self.binary / "Packages.xz").write_bytes(lzma.compress(index))
        (staging / "Release").write_bytes(self.release(staging, valid_days))
        sign_release(staging / "Release", keys)
        for name in ("Packages", "Packages.xz"):
            made = staging / self.binary / name
            digest = hashlib.sha256(made.read_bytes()).hexdigest()
            put(made, self.by_hash / digest)
            put(made, self.folder / self.binary / name)
        for name in ("Release", "Release.gpg", "InRelease"):
            put(staging / name, self.folder / name)
        shutil.rmtree(staging)

    def release(self, staging: Path, valid_days: float) -> bytes:
        """The text of the Release file."""
        fields = {
            "Origin": "teamhub",
            "Label": "teamhub",
            "Suite": f"teamhub-{self.state}",
            "Codename": self.name,
            "Components": self.component,
            "Architectures": ARCHITECTURE,
            "Acquire-By-Hash": "yes",
            # in seconds; it becomes Valid-Until
            "ValidTime": str(round(valid_days * DAY)),
            "Description": "The team's Jupyter server",
        }
        options = [f"-oAPT::FTPArchive::Release::{key}={value}" for key, value in fields.items()]
        return ftparchive([*options, "release", "."], staging)

    def remove_old(self) -> None:
        """Remove the indices that no client can be reading any more."""
        # what a publisher left that was killed
        for path in self.folder.rglob(".*.new"):
            path.unlink()
        newest = sorted(self.by_hash.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        # each index is there twice, once compressed
        for path in newest[: -2 * KEPT_INDICES]:
            path.unlink()

    def kept_paths(self) -> Iterator[str]:
        """The packages that any index names which is still there."""
        for path in self.by_hash.glob("*"):
            content = path.read_bytes()
            text = lzma.decompress(content) if content.startswith(b"\xfd7zXZ") else content
            yield from read_entries(text.decode())


def component(text: str) -> str:
    """A component's name that apt reads; ValueError for another."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", text):
        raise ValueError(text)
    return text


def named_in_release(release: Path, name: Path) -> str:
    """The SHA-256 of a file by its Release.  Raises IncompleteRepository where none is named."""
    section = release.read_text("utf-8").partition("\nSHA256:\n")[2]
    for line in section.splitlines():
        words = line.split()
        if not line.startswith(" "):
            break
        if words[2] == str(name):
            return words[0]
    raise incomplete(f"{release} names no {name}")


def incomplete(problem: str) -> IncompleteRepository:
    """The error for a repository that somebody has changed by hand."""
    return IncompleteRepository(
        problem, "bring the repository back from a backup, or publish into a new folder"
    )


def read_entries(packages: str) -> dict[str, str]:
    """The entries of a Packages index, by the path that each names."""
    entries = filter(None, (entry.strip("\n") for entry in packages.split("\n\n")))
    return {field(entry, "Filename"): entry for entry in entries}


def field(entry: str, name: str) -> str:
    """The value of a one-line field of an entry."""
    for line in entry.splitlines():
        if line.startswith(f"{name}: "):
            return line.partition(": ")[2]
    raise KeyError(name)


def write_entries(repository: Path) -> dict[str, str]:
    """The index entries of every package in the pool; what was hashed once is remembered."""
    cache = ["--db", str(repository / ".hashes")]
    return read_entries(ftparchive([*cache, "packages", "pool"], repository).decode())


def ftparchive(arguments: Sequence[str], folder: Path) -> bytes:
    """What apt-ftparchive prints.  Raises CommandError with its own words."""
    done = subprocess.run([*FTPARCHIVE, *arguments], cwd=folder, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise CommandError(f"apt-ftparchive: {said}", "see that the disk is not full")
    return done.stdout


def put(source: Path, target: Path) -> None:
    """Copy a file to where clients read it, whole and on the disk, in one step.

    It is a second newer than the one before: clients ask for what is newer, by the second.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, partial)
    partial.chmod(0o644)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    if target.exists():
        newer = max(partial.stat().st_mtime, target.stat().st_mtime + 1)
        os.utime(partial, (newer, newer))
    partial.replace(target)


def sync(folder: Path) -> None:
    """Write to the disk what the folder's file system has.  Raises CommandError if it cannot."""
    command = ["sync", "--file-system", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(done.stderr.strip(), f"see that the disk of {folder} is sound")
