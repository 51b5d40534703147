"""A channel's repodata: what a solver reads of it (CEP 36; repodata.json and its zst form).

Written here rather than by py-rattler's `index_fs`, which stamps the time of day into it and so
makes two builds differ.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import zstandard

from teamhub_build.packages.conda_file import CondaPackage
from teamhub_shared.conda.platform import SUBDIRS

#: Where repodata lists packages, by the ending of their files.
KEYS = {"packages": ".tar.bz2", "packages.conda": ".conda"}


def empty_channel(channel: Path) -> None:
    """Makes `channel` a folder without packages, whatever an earlier build left in it."""
    for subdir in SUBDIRS:
        shutil.rmtree(channel / subdir, ignore_errors=True)
        (channel / subdir).mkdir(parents=True)


def write_repodata(channel: Path, records: Iterable[dict[str, Any]]) -> None:
    """Writes every subdir's repodata.json and repodata.json.zst; `records` name their subdir."""
    by_subdir: dict[str, dict[str, dict[str, Any]]] = {
        subdir: {key: {} for key in KEYS} for subdir in SUBDIRS
    }
    for record in records:
        entry = dict(record)
        filename = entry.pop("fn")
        key = next(key for key, ending in KEYS.items() if filename.endswith(ending))
        by_subdir[record["subdir"]][key][filename] = entry
    for subdir, packages in by_subdir.items():
        repodata = {"info": {"subdir": subdir}, **packages, "removed": [], "repodata_version": 1}
        text = json.dumps(repodata, indent=1, sort_keys=True).encode()
        folder = channel / subdir
        (folder / "repodata.json").write_bytes(text)
        (folder / "repodata.json.zst").write_bytes(zstandard.compress(text, 19))


def read_repodata(channel: Path) -> Iterator[dict[str, Any]]:
    """The records that `write_repodata` wrote, each with its file's name as "fn"."""
    for subdir in SUBDIRS:
        repodata = json.loads((channel / subdir / "repodata.json").read_text("utf-8"))
        for filename, entry in (item for key in KEYS for item in repodata[key].items()):
            yield {"fn": filename, **entry}


def repodata_record(package: CondaPackage, file: Path) -> dict[str, Any]:
    """What repodata says about a package and its file."""
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        **package.index(),
        "fn": package.filename,
        "sha256": sha256,
        "size": file.stat().st_size,
    }
