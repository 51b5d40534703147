"""The nightly copy of the hub's database, on real SQLite files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from teamhub_hub.copies import (
    NIGHTS,
    all_backups,
    back_up,
    backups,
    main,
    nightly_folder_of,
)

REVISION = "1111aaaa1111"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The database of a hub that has zoe."""
    path = tmp_path / "jupyterhub.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (REVISION,))
        connection.execute("CREATE TABLE users (name TEXT)")
        connection.execute("INSERT INTO users VALUES ('zoe')")
        connection.commit()
    return path


def test_the_copy_has_what_the_hub_has_written_and_only_the_hub_reads_it(database: Path) -> None:
    with closing(sqlite3.connect(database)) as hub:  # it goes on
        hub.execute("INSERT INTO users VALUES ('wash')")
        hub.commit()
        assert main(database) == 0
    (copy,) = backups(nightly_folder_of(database))
    assert copy.revision == REVISION
    with closing(sqlite3.connect(copy.path)) as connection:
        names = connection.execute("SELECT name FROM users").fetchall()
    assert names == [("zoe",), ("wash",)]
    assert copy.path.stat().st_mode & 0o777 == 0o600
    assert copy.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_week_of_them_is_kept_and_those_before_a_change_are_not_counted(database: Path) -> None:
    before = back_up(database, REVISION)
    folder = nightly_folder_of(database)
    folder.mkdir()
    for day in range(1, NIGHTS + 3):
        (folder / f"200101{day:02}T000000Z-{REVISION}.sqlite").touch()
    assert main(database) == 0
    kept = [backup.path.name[:8] for backup in backups(folder)]
    assert len(kept) == NIGHTS
    assert kept[0] == "20010104"
    assert before in all_backups(database)


def test_a_damaged_database_pushes_no_sound_copy_out(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(database) == 0
    database.write_text("no database\n" * 1000)
    assert main(database) == 1
    assert "systemctl restart teamhub" in capsys.readouterr().out
    assert len(backups(nightly_folder_of(database))) == 1


def test_without_a_database_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path / "jupyterhub.sqlite") == 1
    assert "is empty or missing" in capsys.readouterr().out


def test_without_room_it_names_the_disk(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nightly_folder_of(database).write_text("a file in the folder's place")
    assert main(database) == 1
    assert f"df -h {database.parent}" in capsys.readouterr().out
