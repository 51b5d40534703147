"""The conda packages of the lock, each checked against its hash before it is used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from teamhub_shared import CHANNEL_DIR, LOCK_NAME, SPECS_NAME, TeamhubError

if TYPE_CHECKING:
    from rattler import RepoDataRecord

PLATFORM = "linux-64"


class CorruptPackage(TeamhubError):
    """A package file is missing or is not the one that the lock names."""


def requested_specs(channel: Path = CHANNEL_DIR) -> dict[str, list[str]]:
    """The specs that each environment was solved for."""
    specs: dict[str, list[str]] = json.loads((channel / SPECS_NAME).read_text("utf-8"))
    return specs


def verified_records(environment: str, channel: Path = CHANNEL_DIR) -> list[RepoDataRecord]:
    """The lock's records of one environment, each pointing at its checked file in `channel`.

    rattler does not compare the hash of a file:// package with its record, so it is done here.
    Raises CorruptPackage, naming the file.
    """
    from rattler import LockFile  # here, so that only the process that installs pays for it

    locked = LockFile.from_path(channel / LOCK_NAME).environment(environment)
    if locked is None:
        raise CorruptPackage(
            f"{channel / LOCK_NAME} has no environment {environment!r}", reinstall()
        )
    records = locked.conda_repodata_records()[PLATFORM]
    for record in records:
        path = channel / record.subdir / record.file_name
        verify(path, record.sha256)
        record.url = path.as_uri()
    return records


def verify(path: Path, sha256: bytes | None) -> None:
    """Raise CorruptPackage unless the file's SHA-256 is the one given."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise CorruptPackage(f"{path}: {error.strerror}", reinstall()) from error
    if found != sha256:
        locked = sha256.hex() if sha256 else "none"
        raise CorruptPackage(
            f"{path}: its sha256 is {found.hex()}, the lock's is {locked}", reinstall()
        )


def reinstall() -> str:
    """What to do about a damaged package."""
    return "get the package again: apt install --reinstall teamhub"
