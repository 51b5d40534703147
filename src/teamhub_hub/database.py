"""The hub's database: kept in the schema that the hub reads, with a copy of what it was before.

systemd runs this before each start of the hub, as the hub's account and on the hub's own Python, so
an upgrade, a downgrade and `teamhub env rollback` all pass here.  A database that is not SQLite's
is left to its admin.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

DATABASE = Path("/var/lib/teamhub/jupyterhub.sqlite")
#: The number of copies that are kept.
KEPT = 5
#: A migration of Alembic's names in its source the one that it follows; the first follows none.
REVISION = re.compile(r"^(down_revision|revision) *= *(?:'(\w+)'|\"(\w+)\"|None)", re.MULTILINE)

Upgrade = Callable[[Path], None]


class UnreadableDatabase(Exception):
    """The hub could not start with its database; `remedy` says what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n  What to do: {self.remedy}"


@dataclass(frozen=True)
class Schema:
    """The revisions of the database's schema that a hub can start from."""

    known: frozenset[str]
    #: The one that it works with.
    head: str


@dataclass(frozen=True)
class Backup:
    """A copy of the database, named TIME-REVISION.sqlite."""

    path: Path

    @property
    def revision(self) -> str:
        """The revision of its schema."""
        return self.path.stem.partition("-")[2]


def hub_schema() -> Schema:
    """The schema of the JupyterHub that this Python has; importing it would take a second."""
    found = importlib.util.find_spec("jupyterhub")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("jupyterhub")
    return read_schema(Path(found.origin).parent / "alembic/versions")


def read_schema(migrations: Path) -> Schema:
    """The schema that a folder of Alembic's migrations leads to."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for path in migrations.glob("*.py"):
        for kind, single, double in REVISION.findall(path.read_text("utf-8")):
            (revisions if kind == "revision" else followed).add(single or double)
    (head,) = revisions - followed
    return Schema(frozenset(revisions), head)


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


def make_readable(database: Path, schema: Schema, upgrade: Upgrade) -> str | None:
    """Bring the database to the hub's schema; what was done, in words, or None.

    All work is done on a copy, which then takes the database's place in one step.
    Raises UnreadableDatabase if neither it nor a copy is one that this hub can read.
    """
    source = readable(database, schema)
    if source is None:
        return None
    revision = revision_of(database)
    backup = back_up(database, str(revision))
    new = database.with_name(f"{database.name}.new")
    copy(source, new)
    if revision_of(new) != schema.head:
        upgrade(new)
    put_in_place(new, database)
    remove_old(backup.path.parent)
    if source == database:
        return f"the hub's database has a newer schema now; the copy from before: {backup.path}"
    return (
        f"the hub's database was of a newer version and is {backup.path} now; {source} was put "
        "back, so the hub does not know what happened since then"
    )


def readable(database: Path, schema: Schema) -> Path | None:
    """What to make the hub's database from; None if it need not change.

    Raises UnreadableDatabase.
    """
    revision = revision_of(database)
    if revision in (None, schema.head):
        return None
    if revision in schema.known:
        return database
    for backup in reversed(backups(folder_of(database))):
        if backup.revision in schema.known:
            return backup.path
    raise UnreadableDatabase(
        f"{database} was written by a newer JupyterHub (its schema is {revision}), which this one "
        f"cannot read, and {folder_of(database)} has no older copy",
        f"install the newer version of teamhub again, or move {database} away to begin with an "
        "empty one",
    )


def folder_of(database: Path) -> Path:
    """Where the copies of a database are."""
    return database.parent / "backups"


def backups(folder: Path) -> list[Backup]:
    """The copies, the oldest first."""
    return [Backup(path) for path in sorted(folder.glob("*-*.sqlite"))]


def back_up(database: Path, revision: str) -> Backup:
    """A copy of the present database: one that exists already, or a new one.

    A hub that cannot be started is tried again each second, and must not push older copies out.
    """
    folder = folder_of(database)
    folder.mkdir(mode=0o700, exist_ok=True)
    for backup in backups(folder):
        same = backup.revision == revision
        if same and backup.path.stat().st_mtime >= database.stat().st_mtime:
            return backup
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


def remove_old(folder: Path) -> None:
    """Keep the newest copies."""
    for backup in backups(folder)[:-KEPT]:
        backup.path.unlink()


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


def recover(database: Path, schema: Schema) -> str | None:
    """Set a damaged database aside, and put the newest sound copy in its place; what was done.

    Without such a copy the hub begins with an empty one.
    """
    fault = damage(database)
    if fault is None:
        return None
    aside = set_aside(database)
    said = f"{database} was damaged ({fault}) and is {aside} now; "
    backup = newest_sound(database, schema)
    if backup is None:
        said += "there is no sound copy, so the hub begins with an empty one"
    else:
        new = database.with_name(f"{database.name}.new")
        copy(backup.path, new)
        put_in_place(new, database)
        said += f"{backup.path} was put back, so the hub does not know what happened since then"
    return (
        f"{said}.  Servers of people that it does not know may still run; teamhub user list shows "
        "them, and teamhub servers stop ends them"
    )


def newest_sound(database: Path, schema: Schema) -> Backup | None:
    """The newest copy that is sound and that this hub can read."""
    found = reversed(backups(folder_of(database)))
    usable = (each for each in found if each.revision in schema.known)
    return next((each for each in usable if not damage(each.path)), None)


def set_aside(database: Path) -> Path:
    """Give a damaged database another name, with its journals, which belong to no other one."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = database.with_name(f"{database.name}.corrupt-{moment}")
    for suffix in ("-journal", "-wal", "-shm", ""):
        part = database.with_name(database.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    sync(database.parent)
    return aside


def upgrade_with_alembic(database: Path) -> None:
    """Have JupyterHub's own migrations bring a database to its schema."""
    from jupyterhub import dbutil

    dbutil.upgrade(f"sqlite:///{database}")


def check(database: Path) -> None:
    """Change nothing.

    Raises UnreadableDatabase if the hub could not start with its database.  A damaged one is
    replaced when it starts.
    """
    with explained(database):
        if not damage(database):
            readable(database, hub_schema())


@contextmanager
def explained(database: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system into UnreadableDatabase."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise UnreadableDatabase(
            f"{database}: {error}",
            f"{database} has to belong to the account of the hub: chown rhea: {database}; if it "
            f"does, see whether there is room: df -h {database.parent}",
        ) from error


def main(database: Path = DATABASE) -> int:
    """Prepare the database; the exit status."""
    try:
        with explained(database):
            if recovered := recover(database, hub_schema()):
                print(recovered)
            done = make_readable(database, hub_schema(), upgrade_with_alembic)
    except UnreadableDatabase as error:
        print(error, file=sys.stderr)
        return 1
    if done:
        print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
