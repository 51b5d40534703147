"""Copies of the hub's database: those made before its schema changes, and one of each night.

systemd runs this each night, as the hub's account and on the hub's own Python, while the hub goes
on: SQLite's own backup makes a copy that is whole.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Container
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

DATABASE = Path("/var/lib/teamhub/jupyterhub.sqlite")
#: The number of copies that are kept of those before a change of the schema.
KEPT = 5
#: The number of nightly copies that are kept.  They have a folder of their own, or a week would
#: push the copies out that an older version of the hub needs.
NIGHTS = 7


@dataclass(frozen=True)
class Backup:
    """A copy of the database, named TIME-REVISION.sqlite."""

    path: Path

    @property
    def revision(self) -> str:
        """The revision of its schema."""
        return self.path.stem.partition("-")[2]


def folder_of(database: Path) -> Path:
    """Where the copies are that were made before a change of the schema."""
    return database.parent / "backups"


def nightly_folder_of(database: Path) -> Path:
    """Where the nightly copies are."""
    return database.parent / "nightly"


def backups(folder: Path) -> list[Backup]:
    """The copies in a folder, the oldest first."""
    return [Backup(path) for path in sorted(folder.glob("*-*.sqlite"))]


def all_backups(database: Path) -> list[Backup]:
    """The copies of both kinds, the oldest first."""
    found = [*backups(folder_of(database)), *backups(nightly_folder_of(database))]
    return sorted(found, key=lambda backup: backup.path.name)


def back_up(database: Path, revision: str) -> Backup:
    """A copy of the present database before a change: one that exists already, or a new one.

    A hub that cannot be started is tried again each second, and must not push older copies out.
    """
    folder = folder_of(database)
    for backup in backups(folder):
        same = backup.revision == revision
        if same and backup.path.stat().st_mtime >= database.stat().st_mtime:
            return backup
    return new_backup(database, revision, folder)


def new_backup(database: Path, revision: str, folder: Path) -> Backup:
    """A new copy in a folder, which appears there once it is whole and on the disk."""
    folder.mkdir(mode=0o700, exist_ok=True)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    path = folder / f"{moment}-{revision}.sqlite"
    partial = path.with_suffix(".partial")
    copy(database, partial)
    put_in_place(partial, path)
    return Backup(path)


def copy(source: Path, target: Path) -> None:
    """Copy a database through SQLite, which first completes what a crash left unfinished."""
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    target.chmod(0o600)


def put_in_place(new: Path, path: Path) -> None:
    """Give a file another's name once it has reached the disk."""
    sync(new)
    new.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Write a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_old(folder: Path, kept: int) -> None:
    """Keep the newest copies of a folder."""
    for backup in backups(folder)[:-kept]:
        backup.path.unlink()


def revision_of(database: Path) -> str | None:
    """The revision of a database's schema; None if there is no database, or an empty one."""
    if not database.exists():
        return None
    with closing(sqlite3.connect(database)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return None
    return str(row[0]) if row else None


def damage(database: Path) -> str | None:
    """What SQLite finds wrong in a database; None if it is sound, empty or missing."""
    if not database.exists():
        return None
    try:
        with closing(sqlite3.connect(database)) as connection:
            (said, *_) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:  # its kinds are locks, rights, a full disk
            raise
        return str(error)
    return None if said == "ok" else " ".join(str(said).split())


def newest_sound(database: Path, known: Container[str]) -> Backup | None:
    """The newest copy that is sound and whose schema is a known one."""
    usable = (each for each in reversed(all_backups(database)) if each.revision in known)
    return next((each for each in usable if not damage(each.path)), None)


def back_up_tonight(database: Path) -> str:
    """Make a copy and remove the oldest; what was done.

    A damaged database is not copied, so that the sound copies stay.
    """
    fault = damage(database)
    if fault:
        return (
            f"no copy was made: {database} is damaged ({fault}); when the hub starts again, the "
            "newest sound copy takes its place: systemctl restart teamhub"
        )
    revision = revision_of(database)
    if revision is None:
        return f"no copy was made: {database} is empty or missing"
    folder = nightly_folder_of(database)
    made = new_backup(database, revision, folder)
    remove_old(folder, NIGHTS)
    return f"copied {database} to {made.path}"


def main(database: Path = DATABASE) -> int:
    """Make tonight's copy; the exit status."""
    try:
        said = back_up_tonight(database)
    except (sqlite3.Error, OSError) as error:
        said = f"no copy was made: {database}: {error}; is there room? df -h {database.parent}"
    print(said)
    return 0 if said.startswith("copied") else 1


if __name__ == "__main__":
    sys.exit(main())
