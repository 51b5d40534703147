"""What a disk cannot take is refused before anything is written to it, with the number of MB."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from teamhub.system import room
from teamhub.system.room import MB, NoRoom, require


def has(monkeypatch: pytest.MonkeyPatch, free: int, blocks: int = 1000) -> None:
    """Have each disk report so many free MB."""
    info = SimpleNamespace(f_bavail=free * 1000, f_frsize=1000, f_blocks=blocks)
    monkeypatch.setattr(os, "statvfs", lambda _: info)


def test_the_folder_what_it_needs_what_is_free_and_the_command_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has(monkeypatch, 41)
    with pytest.raises(NoRoom) as refused:
        require(tmp_path, 753 * MB - 1, "teamhub env apply")
    assert refused.value.problem == f"{tmp_path} needs 753 MB on its disk, 41 MB are free"
    assert refused.value.remedy == f"make room there (df -h {tmp_path}), then: teamhub env apply"


def test_what_just_fits_is_not_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    has(monkeypatch, 41)
    require(tmp_path, 41 * MB)


def test_a_file_system_that_does_not_say_is_not_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    has(monkeypatch, 0, blocks=0)
    require(tmp_path, MB)


def test_a_folder_that_is_not_there_yet_is_on_the_disk_of_the_next_above_it(tmp_path: Path) -> None:
    assert room.existing(tmp_path / "opt/teamhub") == tmp_path
    with pytest.raises(NoRoom, match=f"df -h {tmp_path}"):
        require(tmp_path / "opt/teamhub", 10**21)


def test_the_small_needs_are_asked_for_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, 9)
    with pytest.raises(NoRoom, match="/var/lib/teamhub needs 10 MB"):
        room.require_small_needs()
    has(monkeypatch, 10)
    room.require_small_needs()
