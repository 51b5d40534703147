"""Programs are run without a terminal, and files are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from teamhub.system import run as system
from teamhub_shared import TeamhubError


def test_a_failing_program_is_named_with_its_last_words_and_the_remedy() -> None:
    with pytest.raises(system.CommandFailed) as raised:
        system.run(["sh", "-c", "echo first; echo no room >&2; exit 3"], remedy="make room")
    assert "no room" in str(raised.value)
    assert "make room" in str(raised.value)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(system.CommandFailed, match="no-such-program"):
        system.run(["no-such-program"], remedy="install it")


def test_a_program_that_reads_gets_the_end_at_once() -> None:
    assert system.run(["cat"], remedy="") == ""


def test_a_file_is_replaced_in_one_step_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    before = path.stat().st_ino
    system.write_file(path, b"new", mode=0o600, uid=os.getuid(), gid=os.getgid())
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_ino != before
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (tmp_path / ".secret.new").symlink_to(victim)
    (tmp_path / "secret").symlink_to(victim)
    system.write_file(tmp_path / "secret", b"new", mode=0o600, uid=os.getuid(), gid=os.getgid())
    assert victim.read_text() == "kept"
    assert not (tmp_path / "secret").is_symlink()


def test_a_write_that_fails_says_where_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TeamhubError, match=r"no-such-folder/conf: No such file"):
        system.write_file(tmp_path / "no-such-folder" / "conf", b"new", mode=0o600)
    assert list(tmp_path.iterdir()) == []
