"""The server's channel as a folder, from which a server without network can install."""

from __future__ import annotations

import dataclasses
import json
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from teamhub.environment.conda.channels import client, explain
from teamhub.environment.conda.packages import locked_records, verify, verify_files
from teamhub.environment.store.layout import Layout
from teamhub_shared import ENVIRONMENTS, LOCK_NAME, TeamhubError
from teamhub_shared.conda.platform import SUBDIRS
from teamhub_shared.conda.process import rattler_process

if TYPE_CHECKING:
    from rattler import RepoDataRecord


OTHER_FOLDER = "name a folder that is empty or does not exist"


class CannotExport(TeamhubError):
    """The folder for the channel cannot be used."""


@dataclasses.dataclass(frozen=True)
class Exported:
    """What an export has written."""

    packages: int
    bytes: int


def export(generation: Path, folder: Path, layout: Layout) -> Exported:
    """Write every conda package of a generation into `folder`, as a channel.

    Packages of other channels than the embedded one are fetched from there again.  Files that are
    already there and correct are kept.
    Raises CannotExport, ChannelUnreachable or CorruptPackage.
    """
    if folder.exists() and not folder.is_dir():
        raise CannotExport(f"{folder} is not a folder", OTHER_FOLDER)
    if folder.is_dir() and not (folder / "noarch/repodata.json").exists() and any(folder.iterdir()):
        raise CannotExport(f"{folder} has other files in it", OTHER_FOLDER)
    with rattler_process(shlex.join(["teamhub", "channel", "export", str(folder)])) as rattler:
        return rattler.call(write_channel, generation, folder, layout)


def write_channel(generation: Path, folder: Path, layout: Layout) -> Exported:
    """Write packages and repodata, in this process."""
    records = {
        record.file_name: record
        for environment in ENVIRONMENTS
        for record in locked_records(generation / LOCK_NAME, environment)
    }
    missing = [r for name, r in records.items() if not (folder / r.subdir / name).exists()]
    verify_files(missing, layout.channel)
    entries: dict[str, dict[str, Any]] = {subdir: {} for subdir in SUBDIRS}
    for name, record in sorted(records.items()):
        target = folder / record.subdir / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            put(record, target, layout)
        except OSError as error:
            raise CannotExport(f"{target}: {error}", "make room there, and export again") from error
        entries[record.subdir][name] = json.loads(record.to_json())
    for subdir, packages in entries.items():
        write_repodata(folder / subdir, subdir, packages)
    files = list(folder.glob("*/*"))
    return Exported(len(records), sum(file.stat().st_size for file in files))


def put(record: RepoDataRecord, target: Path, layout: Layout) -> None:
    """Bring one package to `target`, checked."""
    if target.exists():
        verify(target, record.sha256)
        return
    partial = target.with_name(f".{target.name}.part")
    if record.url.startswith("file:"):
        shutil.copyfile(unquote(urlsplit(record.url).path), partial)
    else:
        fetch(record.url, partial, layout)
    verify(partial, record.sha256)
    partial.replace(target)


def fetch(url: str, target: Path, layout: Layout) -> None:
    """Fetch one file from a channel."""
    import asyncio

    from rattler.package_streaming import download_to_path

    try:
        asyncio.run(download_to_path(client(layout), url, target))
    except Exception as error:  # rattler raises errors of its own binding, without a common base
        raise explain(error, layout.team_file) from error


def write_repodata(folder: Path, subdir: str, packages: dict[str, dict[str, Any]]) -> None:
    """Write what a solver reads of one folder of the channel (CEP 36).

    The entries are those of the packages' own channel.  rattler's `index_fs` takes them out of the
    files, which do not have that channel's later corrections (conda-forge's repodata patches), and
    panics without naming the file if another export left a damaged one (py-rattler 0.28).
    """
    folder.mkdir(parents=True, exist_ok=True)
    for entry in packages.values():
        for key in ("fn", "url", "channel"):
            entry.pop(key, None)
    by_format = {
        "packages": {name: e for name, e in packages.items() if name.endswith(".tar.bz2")},
        "packages.conda": {name: e for name, e in packages.items() if name.endswith(".conda")},
    }
    repodata = {"info": {"subdir": subdir}, **by_format, "removed": [], "repodata_version": 1}
    (folder / "repodata.json").write_text(json.dumps(repodata, indent=1), "utf-8")
