"""The unpacked packages, which generations share by hardlinks: compared with their own hashes.

rattler takes an entry of its cache for complete and unchanged.  After a power cut the disk may have
the names of its files without their content, and anyone who edits a file of a prefix in place edits
the cache too, if both are hardlinks of one file.  So every entry is compared before a generation is
made of it.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from teamhub.environment.conda.hashing import file_hash
from teamhub.environment.conda.packages import locked_records
from teamhub.environment.store import manifest, prune
from teamhub.environment.store.layout import Layout
from teamhub_shared import ENVIRONMENTS

#: An unpacked package takes so many times the bytes of its file, as measured of those that ship.
UNPACKED = 5
#: What the environments of a generation take in addition, in bytes: folders, records, and the files
#: that are no hardlinks.
GENERATION = 60_000_000
#: What the package itself says of its files (conda's documentation of the format).
PATHS = "info/paths.json"


def bytes_needed(lock: Path, layout: Layout) -> int:
    """About what a generation of a lock takes of the disk, in this process.

    What is in the cache already takes nothing more.  rattler may link nothing and copy it all
    (allow-hard-links in rattler.toml): then the disk can still turn out too small.
    """
    entries = cache_entries(lock, layout)
    missing = (size for entry, size in entries.items() if not entry.is_dir())
    return GENERATION + UNPACKED * sum(missing)


def cache_entries(lock: Path, layout: Layout) -> dict[Path, int]:
    """The cache's folder for each package of a lock, and the bytes of the package's file."""
    return {
        layout.cache / manifest.package(record).stem: record.size or 0
        for environment in ENVIRONMENTS
        for record in locked_records(lock, environment)
    }


def drop_damaged(lock: Path, layout: Layout) -> dict[str, list[str]]:
    """Remove the entries of a lock's packages that are not what was unpacked, in this process.

    Returns their files that are not, by the entry's name.  rattler then unpacks them anew, from a
    file that it or `verify_files` compares with the lock's hash.
    """
    there = sorted(entry for entry in cache_entries(lock, layout) if entry.is_dir())
    # A thread that hashes leaves the interpreter to the others.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as workers:
        found = zip(
            there, workers.map(lambda entry: list(damaged_files(entry)), there), strict=True
        )
        damaged = {entry: files for entry, files in found if files}
    for entry in damaged:
        prune.remove_package(entry)
    return {entry.name: files for entry, files in damaged.items()}


def damaged_files(entry: Path) -> list[str]:
    """The files of an unpacked package that are gone or have another content."""
    # A package has no hashes of its own metadata, which is JSON: what is torn cannot be read.
    unreadable = [str(f.relative_to(entry)) for f in entry.glob("info/*.json") if not is_json(f)]
    if unreadable:
        return unreadable
    if not (entry / PATHS).is_file():
        return [PATHS]
    listed = json.loads((entry / PATHS).read_bytes())["paths"]
    return [each["_path"] for each in listed if is_damaged(entry, each)]


def is_damaged(entry: Path, listed: dict[str, Any]) -> bool:
    """Whether a file is not what a package's list of its files says."""
    path = f"{entry}/{listed['_path']}"
    sha256 = listed.get("sha256") if listed["path_type"] == "hardlink" else None
    return file_hash(path) != sha256 if sha256 else not os.path.lexists(path)


def is_json(path: Path) -> bool:
    """Whether a file has JSON in it."""
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True
