"""What is done to the hub's database before a hub starts, on real SQLite files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from teamhub_hub.database import (
    KEPT,
    Schema,
    UnreadableDatabase,
    backups,
    make_readable,
    read_schema,
    revision_of,
)

FIRST, SECOND, THIRD = "1111aaaa1111", "2222bbbb2222", "3333cccc3333"
OLD_HUB = Schema(frozenset({FIRST, SECOND}), SECOND)
NEW_HUB = Schema(frozenset({FIRST, SECOND, THIRD}), THIRD)

Write = Callable[..., Path]


def set_revision(database: Path, revision: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        connection.commit()


def to_second(database: Path) -> None:
    set_revision(database, SECOND)


def to_third(database: Path) -> None:
    set_revision(database, THIRD)


def never(database: Path) -> None:
    raise AssertionError(f"{database} is upgraded")


def people(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM users")]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the hub's database, of a revision and with somebody in it."""

    def written(revision: str, person: str = "zoe") -> Path:
        database = tmp_path / "jupyterhub.sqlite"
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
            connection.execute("CREATE TABLE IF NOT EXISTS users (name TEXT)")
            connection.execute("INSERT INTO users VALUES (?)", (person,))
            connection.commit()
        set_revision(database, revision)
        return database

    return written


class TestSchema:
    """Alembic's migrations, read without Alembic."""

    def test_the_head_is_what_no_migration_follows(self, tmp_path: Path) -> None:
        (tmp_path / "1111_base.py").write_text(
            f"# revision identifiers\nrevision = '{FIRST}'\ndown_revision = None\n"
        )
        (tmp_path / "2222_more.py").write_text(
            f'revision = "{SECOND}"\ndown_revision = "{FIRST}"\nbranch_labels = None\n'
        )
        assert read_schema(tmp_path) == OLD_HUB


class TestNothingToDo:
    """No copy is made where the hub can start as it is."""

    def test_a_hub_that_never_ran_has_no_database(self, tmp_path: Path) -> None:
        assert make_readable(tmp_path / "jupyterhub.sqlite", NEW_HUB, never) is None
        assert list(tmp_path.iterdir()) == []

    def test_a_database_of_the_hubs_own_schema_stays(self, write: Write, tmp_path: Path) -> None:
        database = write(THIRD)
        assert make_readable(database, NEW_HUB, never) is None
        assert list(tmp_path.iterdir()) == [database]

    def test_an_empty_file_is_the_hubs_to_fill(self, tmp_path: Path) -> None:
        database = tmp_path / "jupyterhub.sqlite"
        database.touch()
        assert make_readable(database, NEW_HUB, never) is None


class TestUpgrade:
    """An older schema is copied, and brought up."""

    def test_the_copy_is_what_it_was(self, write: Write) -> None:
        database = write(SECOND)
        said = make_readable(database, NEW_HUB, to_third)
        (backup,) = backups(database.parent / "backups")
        assert revision_of(database) == THIRD
        assert (backup.revision, revision_of(backup.path)) == (SECOND, SECOND)
        assert str(backup.path) in str(said)
        assert people(database) == people(backup.path) == ["zoe"]

    def test_nobody_else_reads_either(self, write: Write) -> None:
        database = write(SECOND)
        make_readable(database, NEW_HUB, to_third)
        (backup,) = backups(database.parent / "backups")
        assert [path.stat().st_mode & 0o077 for path in (database, backup.path)] == [0, 0]
        assert backup.path.parent.stat().st_mode & 0o077 == 0

    def test_one_that_fails_leaves_the_database_as_it_was(self, write: Write) -> None:
        database = write(SECOND)
        before = database.read_bytes()
        with pytest.raises(AssertionError):
            make_readable(database, NEW_HUB, never)
        assert database.read_bytes() == before

    def test_one_that_fails_again_and_again_makes_one_copy(self, write: Write) -> None:
        database = write(SECOND)
        for _ in range(KEPT + 2):
            with pytest.raises(AssertionError):
                make_readable(database, NEW_HUB, never)
        assert len(backups(database.parent / "backups")) == 1

    def test_the_newest_copies_stay(self, write: Write, tmp_path: Path) -> None:
        folder = tmp_path / "backups"
        folder.mkdir()
        for year in range(2010, 2020):
            (folder / f"{year}0101T000000Z-{FIRST}.sqlite").touch()
            os.utime(folder / f"{year}0101T000000Z-{FIRST}.sqlite", (0, 0))
        make_readable(write(SECOND), NEW_HUB, to_third)
        revisions = [backup.revision for backup in backups(folder)]
        assert revisions == [*[FIRST] * (KEPT - 1), SECOND]


class TestDowngrade:
    """A newer schema cannot be brought down; a copy from before it can be put back."""

    def test_the_newest_copy_that_the_hub_reads_is_put_back(self, write: Write) -> None:
        database = write(SECOND)
        make_readable(database, NEW_HUB, to_third)
        write(THIRD, "wash")
        said = make_readable(database, OLD_HUB, never)
        assert (revision_of(database), people(database)) == (SECOND, ["zoe"])
        assert "unknown to the hub" in str(said)

    def test_what_the_newer_version_wrote_is_kept_too(self, write: Write) -> None:
        database = write(SECOND)
        make_readable(database, NEW_HUB, to_third)
        write(THIRD, "wash")
        make_readable(database, OLD_HUB, never)
        newest = backups(database.parent / "backups")[-1]
        assert (newest.revision, people(newest.path)) == (THIRD, ["zoe", "wash"])

    def test_an_older_copy_is_brought_up_to_what_the_hub_reads(self, write: Write) -> None:
        database = write(FIRST)
        make_readable(database, NEW_HUB, to_third)
        make_readable(database, OLD_HUB, to_second)
        assert revision_of(database) == SECOND

    def test_without_a_copy_it_is_refused_and_stays(self, write: Write) -> None:
        database = write(THIRD)
        before = database.read_bytes()
        with pytest.raises(UnreadableDatabase, match=rf"{THIRD}.*\n  What to do: install"):
            make_readable(database, OLD_HUB, never)
        assert database.read_bytes() == before
