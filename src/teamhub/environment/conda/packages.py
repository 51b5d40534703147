"""The conda packages of a lock, each checked against its hash before it is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from teamhub.environment.store.damaged import repair_remedy
from teamhub.system.remedies import retry_env_command
from teamhub_shared import CHANNEL_DIR, LOCK_NAME, SPECS_NAME, TeamhubError
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

    Raises CorruptPackage if the lock cannot be read, or has no such environment.
    """
    from rattler import LockFile  # here, so that only the process that installs pays for it

    try:
        locked = LockFile.from_path(lock).environment(environment)
        found = locked.conda_repodata_records().get(PLATFORM) if locked else None
    except Exception as error:  # rattler's errors have no common base
        said = " ".join(str(error).split())
        raise CorruptPackage(f"{lock} is no lock: {said}", reinstall(lock)) from error
    if found is None:
        raise CorruptPackage(f"{lock} has no environment {environment!r}", reinstall(lock))
    return found


def verify_files(records: list[RepoDataRecord], channel: Path) -> None:
    """Check the packages that are in folders, and point the shipped ones at `channel`.

    rattler does not compare the hash of a file:// package with its record, so it is done here;
    rattler does compare what it fetches by HTTP.  Raises CorruptPackage, naming the file.
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
    """The SHA-256 of each file of the shipped channel; a thin package has no files."""
    return {
        repodata.parent / name: entry["sha256"]
        for repodata in channel.glob("*/repodata.json")
        for packages in itemgetter("packages", "packages.conda")(json.loads(repodata.read_text()))
        for name, entry in packages.items()
    }


def is_embedded(channel: str | None, folder: Path) -> bool:
    """Whether a channel is the one that the build makes, which is on this disk and nowhere else.

    `folder` is where that channel is on this server; locks of the build name CHANNEL_DIR.
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
    """What to do about a damaged package, or a damaged lock."""
    if path.is_relative_to(CHANNEL_DIR):
        return "get the package again: apt install --reinstall teamhub"
    if path.name == LOCK_NAME:
        return repair_remedy()
    return f"put the package that the channel's index names there, then: {retry_env_command()}"


def records(
    prefix: Path, stems: Iterable[str] | None = None
) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    """The records of conda-meta, or some of them: the file, and its content if it is a record."""
    folder = prefix / "conda-meta"
    paths = (
        sorted(folder.glob("*.json")) if stems is None else (folder / f"{s}.json" for s in stems)
    )
    for path in paths:
        try:
            record = read_record(path)
            itemgetter("name", "version", "build", "subdir", "files")(record)
            itemgetter("paths")(record["paths_data"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            yield path, None
        else:
            yield path, record


def read_record(path: Path) -> dict[str, Any]:
    """A record of conda-meta."""
    record: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return record
