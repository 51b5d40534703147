"""The conda packages of a lock, each checked against its hash before it is used."""

from __future__ import annotations

import hashlib
import json
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from teamhub.system.remedies import retry_env_command
from teamhub_shared import CHANNEL_DIR, SPECS_NAME, TeamhubError
from teamhub_shared.conda.platform import PLATFORM

if TYPE_CHECKING:
    from rattler import RepoDataRecord


class CorruptPackage(TeamhubError):
    """A package file is missing or is not the one that the lock names."""


def requested_specs(channel: Path = CHANNEL_DIR) -> dict[str, list[str]]:
    """The specs that each shipped environment was solved for."""
    specs: dict[str, list[str]] = json.loads((channel / SPECS_NAME).read_text("utf-8"))
    return specs


def locked_records(lock: Path, environment: str) -> list[RepoDataRecord]:
    """A lock's records of one environment.

    Raises CorruptPackage where the lock has no such environment.
    """
    from rattler import LockFile  # here, so that only the process that installs pays for it

    locked = LockFile.from_path(lock).environment(environment)
    if locked is None:
        raise CorruptPackage(f"{lock} has no environment {environment!r}", reinstall(lock))
    return locked.conda_repodata_records()[PLATFORM]


def verify_files(records: list[RepoDataRecord], channel: Path) -> None:
    """Check the packages that lie in folders, and point those that ship at where `channel` is.

    rattler does not compare the hash of a file:// package with its record, so it is done here; what
    it fetches by HTTP it does compare.  Raises CorruptPackage, naming the file.
    """
    ours = shipped_hashes(channel)
    for record in records:
        shipped = channel / record.subdir / record.file_name
        # A channel that the team names may have a file of the same name and another content.
        is_ours = record.sha256 is not None and ours.get(shipped) == record.sha256.hex()
        if is_embedded(record.channel, channel) or (is_ours and shipped.exists()):
            record.url = shipped.as_uri()
        if record.url.startswith("file:"):
            verify(Path(unquote(urlsplit(record.url).path)), record.sha256)


def shipped_hashes(channel: Path) -> dict[Path, str]:
    """What each file of the channel that ships has to be; a thin package has no files."""
    return {
        repodata.parent / name: entry["sha256"]
        for repodata in channel.glob("*/repodata.json")
        for packages in itemgetter("packages", "packages.conda")(json.loads(repodata.read_text()))
        for name, entry in packages.items()
    }


def is_embedded(channel: str | None, folder: Path) -> bool:
    """Whether a channel is the one that the build makes, which is on this disk and nowhere else.

    `folder` is where the package's channel is here; what was locked at the build is at CHANNEL_DIR.
    """
    return (channel or "").rstrip("/") in (CHANNEL_DIR.as_uri(), folder.as_uri())


def verify(path: Path, sha256: bytes | None) -> None:
    """Raise CorruptPackage unless the file's SHA-256 is the one given."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise CorruptPackage(f"{path}: {error.strerror}", reinstall(path)) from error
    if found != sha256:
        locked = sha256.hex() if sha256 else "none"
        raise CorruptPackage(
            f"{path}: its sha256 is {found.hex()}, the lock's is {locked}", reinstall(path)
        )


def reinstall(path: Path) -> str:
    """What to do about a damaged package."""
    if path.is_relative_to(CHANNEL_DIR):
        return "get the package again: apt install --reinstall teamhub"
    return f"put the package that the channel speaks of there, then: {retry_env_command()}"


def read_record(path: Path) -> dict[str, Any]:
    """A record of conda-meta."""
    record: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return record
