"""What is done to the hub's database before a hub starts, on real SQLite files."""

from __future__ import annotations

import os
import pwd
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from jupyterhub import dbutil, orm

from teamhub_hub.copies import (
    KEPT,
    back_up,
    back_up_tonight,
    backups,
    folder_of,
    nightly_folder_of,
    revision_of,
)
from teamhub_hub.database import (
    Schema,
    UnreadableDatabase,
    check,
    hub_schema,
    main,
    make_readable,
    read_schema,
    recover,
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
        assert "the hub does not know what happened since then" in str(said)

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


class TestCheck:
    """Whether a hub could start, asked without a change."""

    def test_nothing_is_said_of_what_it_can_read(self, write: Write) -> None:
        check(write(hub_schema().head))

    def test_what_it_would_bring_up_is_left_as_it_is(self, write: Write) -> None:
        (older, *_) = hub_schema().known - {hub_schema().head}
        database = write(older)
        check(database)
        assert revision_of(database) == older
        assert list(database.parent.iterdir()) == [database]

    def test_a_newer_one_is_refused_with_what_to_do(self, write: Write) -> None:
        database = write(THIRD)
        with pytest.raises(UnreadableDatabase) as raised:
            check(database)
        assert f"(its schema is {THIRD})" in raised.value.problem
        assert raised.value.remedy == (
            f"install the newer version of teamhub again, or move {database} away to begin with an "
            "empty one"
        )

    def test_a_damaged_one_is_left_for_the_start_to_replace(self, tmp_path: Path) -> None:
        database = tmp_path / "jupyterhub.sqlite"
        database.write_text("no database\n" * 1000)
        check(database)
        assert list(tmp_path.iterdir()) == [database]

    def test_what_cannot_be_opened_is_refused_with_what_to_do(self, tmp_path: Path) -> None:
        database = tmp_path / "jupyterhub.sqlite"
        database.mkdir()
        with pytest.raises(UnreadableDatabase) as raised:
            check(database)
        assert str(raised.value) == (
            f"{database}: unable to open database file\n"
            f"  What to do: see whether there is room: df -h {tmp_path}"
        )

    def test_one_of_another_accounts_is_refused_with_the_command_that_gives_it_back(
        self, tmp_path: Path
    ) -> None:
        database = tmp_path / "jupyterhub.sqlite"
        database.mkdir()
        os.chown(database, 4321, 4321)
        with pytest.raises(UnreadableDatabase, match="belongs to uid 4321") as raised:
            check(database)
        account = pwd.getpwuid(os.geteuid()).pw_name
        assert raised.value.remedy.endswith(f"chown {account}: {database}")


def cut_short(database: Path) -> None:
    os.truncate(database, 5000)


def without_header(database: Path) -> None:
    database.write_bytes(b"\0" * 4096)


def with_a_damaged_page(database: Path) -> None:
    """The second page, and with it a table's root, is what a disk has lost."""
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)


class TestRecovery:
    """A damaged database is set aside, and the newest sound copy takes its place."""

    @pytest.fixture
    def copied(self, write: Write) -> Path:
        """A database with zoe in it, of which there is a copy, and wash, who came later."""
        database = write(THIRD)
        back_up(database, THIRD)
        return write(THIRD, "wash")

    @pytest.mark.parametrize("harm", [cut_short, without_header, with_a_damaged_page])
    def test_the_copy_is_put_back_and_what_was_damaged_stays(
        self, copied: Path, harm: Callable[[Path], None]
    ) -> None:
        harm(copied)
        damaged = copied.read_bytes()
        said = recover(copied, NEW_HUB)
        (aside,) = copied.parent.glob("jupyterhub.sqlite.corrupt-*")
        assert people(copied) == ["zoe"]
        assert aside.read_bytes() == damaged
        assert str(aside) in str(said)
        assert "was put back" in str(said)

    def test_a_journal_of_the_damaged_one_goes_with_it(self, copied: Path) -> None:
        without_header(copied)
        copied.with_name("jupyterhub.sqlite-wal").write_bytes(b"of another database")
        recover(copied, NEW_HUB)
        assert people(copied) == ["zoe"]
        assert not copied.with_name("jupyterhub.sqlite-wal").exists()

    def test_a_damaged_copy_is_passed_over(self, copied: Path) -> None:
        without_header(copied)
        newer = folder_of(copied) / f"99990101T000000Z-{THIRD}.sqlite"
        newer.write_text("no database\n" * 1000)
        recover(copied, NEW_HUB)
        assert people(copied) == ["zoe"]

    def test_so_is_one_that_this_hub_cannot_read(self, copied: Path) -> None:
        without_header(copied)
        said = recover(copied, OLD_HUB)
        assert not copied.exists()
        assert "there is no sound copy, so the hub begins with an empty one" in str(said)

    def test_one_that_is_gone_is_replaced_as_well(self, copied: Path) -> None:
        copied.unlink()
        assert "was missing or empty" in str(recover(copied, NEW_HUB))
        assert people(copied) == ["zoe"]

    def test_so_is_an_empty_file(self, copied: Path) -> None:
        copied.write_bytes(b"")
        recover(copied, NEW_HUB)
        assert people(copied) == ["zoe"]

    def test_a_new_hub_begins_without_a_word(self, tmp_path: Path) -> None:
        assert recover(tmp_path / "jupyterhub.sqlite", NEW_HUB) is None

    def test_a_nightly_copy_that_is_newer_comes_first(self, copied: Path) -> None:
        back_up_tonight(copied)
        (tonight,) = nightly_folder_of(copied).iterdir()
        tonight.rename(tonight.with_name(f"99990101T000000Z-{THIRD}.sqlite"))
        without_header(copied)
        recover(copied, NEW_HUB)
        assert people(copied) == ["zoe", "wash"]

    def test_three_damaged_ones_are_kept(self, copied: Path) -> None:
        for year in (2021, 2022, 2023):
            copied.with_name(f"{copied.name}.corrupt-{year}0101T000000Z").touch()
            copied.with_name(f"{copied.name}.corrupt-{year}0101T000000Z-wal").touch()
        without_header(copied)
        recover(copied, NEW_HUB)
        kept = sorted(copied.parent.glob("*.corrupt-*Z"))
        assert [path.name[26:30] for path in kept[:2]] == ["2022", "2023"]
        assert len(kept) == 3

    def test_a_sound_one_stays(self, copied: Path) -> None:
        assert recover(copied, NEW_HUB) is None
        assert people(copied) == ["zoe", "wash"]


class TestMigrations:
    """What systemd runs before each start of the hub, with JupyterHub's own database."""

    @pytest.fixture
    def database(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A database of the schema before the hub's own, with somebody in it."""
        # JupyterHub starts alembic, which is next to its Python
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        path = tmp_path / "jupyterhub.sqlite"
        session = orm.new_session_factory(f"sqlite:///{path}")()
        session.add(orm.User(name="zoe"))
        session.commit()
        session.close()
        with dbutil._temp_alembic_ini(f"sqlite:///{path}") as settings:
            subprocess.run(["alembic", "-c", settings, "downgrade", "-1"], check=True)
        return path

    def test_an_older_database_becomes_one_that_the_hub_starts_with(
        self, database: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        older = revision_of(database)
        assert older in hub_schema().known - {hub_schema().head}
        assert main(database) == 0
        assert revision_of(database) == hub_schema().head
        (backup,) = backups(database.parent / "backups")
        assert backup.revision == older
        assert str(backup.path) in capsys.readouterr().out
        session = orm.new_session_factory(f"sqlite:///{database}")()
        assert [user.name for user in session.query(orm.User)] == ["zoe"]
        session.close()

    def test_a_newer_one_keeps_the_hub_from_starting_and_says_why(
        self, database: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        set_revision(database, THIRD)
        assert main(database) == 1
        assert f"(its schema is {THIRD})" in capsys.readouterr().err
        assert revision_of(database) == THIRD
