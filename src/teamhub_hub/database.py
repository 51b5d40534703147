"""The hub's database: kept in the schema that the hub reads, with a copy of what it was before.

systemd runs this before each start of the hub, as the hub's account and on the hub's own Python, so
an upgrade, a downgrade and `teamhub env rollback` all pass here.  A database that is not SQLite's
is left to its admin.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from teamhub_hub import unknown_servers
from teamhub_hub.copies import (
    DATABASE,
    KEPT,
    all_backups,
    back_up,
    copy,
    damage,
    folder_of,
    newest_sound,
    put_in_place,
    remove_old,
    revision_of,
    sync,
)

#: The number of damaged databases that are kept.
KEPT_DAMAGED = 3
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
    remove_old(backup.path.parent, KEPT)
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
    for backup in reversed(all_backups(database)):
        if backup.revision in schema.known:
            return backup.path
    raise UnreadableDatabase(
        f"{database} was written by a newer JupyterHub (its schema is {revision}), which this one "
        f"cannot read, and {folder_of(database)} has no older copy",
        f"install the newer version of teamhub again, or move {database} away to begin with an "
        "empty one",
    )


def recover(database: Path, schema: Schema) -> str | None:
    """Put the newest sound copy in the place of a database that is damaged or gone; what was done.

    A damaged one is set aside.  Without a sound copy the hub begins with an empty one.
    """
    fault = damage(database)
    gone = not database.exists() or database.stat().st_size == 0
    if not (fault or gone):
        return None
    unknown_servers.mark(database)
    backup = newest_sound(database, schema.known)
    if gone and backup is None:
        return None  # a new hub
    said = f"{database} was missing or empty; "
    if fault:
        said = f"{database} was damaged ({fault}) and is {set_aside(database)} now; "
    if backup is None:
        said += "there is no sound copy, so the hub begins with an empty one"
    else:
        new = database.with_name(f"{database.name}.new")
        copy(backup.path, new)
        put_in_place(new, database)
        said += f"{backup.path} was put back, so the hub does not know what happened since then"
    return said


def set_aside(database: Path) -> Path:
    """Give a damaged database another name, with its journals, which belong to no other one."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = database.with_name(f"{database.name}.corrupt-{moment}")
    for suffix in ("-journal", "-wal", "-shm", ""):
        part = database.with_name(database.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    for old in sorted(database.parent.glob(f"{database.name}.corrupt-*Z"))[:-KEPT_DAMAGED]:
        for part in database.parent.glob(f"{old.name}*"):
            part.unlink()
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
        raise UnreadableDatabase(f"{database}: {error}", remedy(database)) from error


def remedy(database: Path) -> str:
    """What to do about a database that cannot be opened or written."""
    try:
        owner = database.stat().st_uid
    except OSError:
        owner = os.geteuid()
    if owner != os.geteuid():
        account = pwd.getpwuid(os.geteuid()).pw_name
        return f"it belongs to uid {owner}, not to {account}: chown {account}: {database}"
    return f"see whether there is room: df -h {database.parent}"


def main(database: Path = DATABASE) -> int:
    """Prepare the database; the exit status."""
    try:
        with explained(database):
            schema = hub_schema()
            if recovered := recover(database, schema):
                print(recovered)
            done = make_readable(database, schema, upgrade_with_alembic)
            for ended in unknown_servers.end_unknown(database):
                print(ended)
    except UnreadableDatabase as error:
        print(error, file=sys.stderr)
        return 1
    if done:
        print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
