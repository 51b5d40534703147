"""The files of a prefix are what conda and pip have recorded of them, or they are named."""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from teamhub.environment.by_hand import files
from teamhub.environment.by_hand.files import Hashes, Recorded
from unit.teamhub.environment.conftest import Server


def digest(text: str) -> str:
    """A SHA-256 as a RECORD has it."""
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ("", ""),
        ("12ab", "12ab"),
        (f"sha256={digest('text')}", hashlib.sha256(b"text").hexdigest()),
        ("md5=1B2M2Y8AsgTpgAmY7PhCfg", ""),
    ],
)
def test_a_recorded_hash_in_hexadecimal(recorded: str, expected: str) -> None:
    assert files.hexadecimal(recorded) == expected


def test_a_file_that_was_replaced_by_an_older_one_is_noticed_by_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (folder / "file", tmp_path / "old"):
        path.write_text("")
    for path in (folder / "file", tmp_path / "old", folder, tmp_path):
        os.utime(path, ns=(0, 0))
    assert not files.written_since(0, tmp_path)
    (tmp_path / "old").rename(folder / "file")
    os.utime(tmp_path, ns=(0, 0))
    assert files.written_since(0, tmp_path)


@pytest.fixture
def prefix(server: Server) -> Path:
    return server.current / "user"


def test_a_record_of_condas_that_cannot_be_read_is_named(prefix: Path) -> None:
    (prefix / "conda-meta/library-2.0-0.json").write_bytes(b"\0")
    found = files.compare(prefix)
    assert found.damaged == {"library": ["conda-meta/library-2.0-0.json"]}


def test_a_link_that_is_a_file_now_is_named(prefix: Path) -> None:
    record = Recorded("library", "", is_link=True)
    (prefix / "link").symlink_to("absent")
    assert not files.has_changed(f"{prefix}/link", record, Hashes(), is_link=True)
    assert files.has_changed(f"{prefix}/link", record, Hashes(), is_link=False)


def test_files_that_are_one_are_read_once(prefix: Path) -> None:
    hashes = Hashes()
    file = prefix / "share/library/version"
    first = hashes.of(str(file))
    (prefix / "again").hardlink_to(file)
    with file.open("w") as opened:
        opened.write("other")
    assert hashes.of(str(prefix / "again")) == first
    assert Hashes().of(str(file)) != first


def test_an_environment_without_records_has_lost_all(prefix: Path) -> None:
    (prefix / "conda-meta").rename(prefix / "away")
    assert files.compare(prefix).damaged == {"all packages": ["conda-meta"]}
