"""What people are told while they work, and when."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from teamhub_server import notices
from teamhub_server.notices import Memory, home_notices, slice_of


def test_of_a_home_with_room_nothing_is_said_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    assert home_notices(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_home(tmp_path: Path) -> Iterator[Path]:
    """A home on a file system of its own, of 128 KB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", tmp_path], check=True)
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_full_home_is_an_error_that_says_what_to_do(small_home: Path) -> None:
    assert home_notices(small_home) == []
    (small_home / "data").write_bytes(bytes(100_000))
    (notice,) = home_notices(small_home)
    assert (notice.id, notice.type) == ("home-full", "error")
    assert f"{small_home} is full" in notice.message
    assert "Delete files" in notice.message
    (small_home / "data").unlink()
    assert home_notices(small_home) == []


def test_a_read_only_home_is_another(small_home: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_home], check=True)
    (notice,) = home_notices(small_home)
    assert notice.id == "home-unwritable"
    assert "Read-only file system" in notice.message


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """A control group in which two programs have been ended before."""
    (tmp_path / "memory.max").write_text("1073741824\n")
    (tmp_path / "memory.peak").write_text("1073737728\n")
    count(tmp_path, 2)
    return tmp_path


def count(group: Path, ended: int) -> None:
    (group / "memory.events").write_text(f"low 0\nhigh 0\nmax 9\noom {ended}\noom_kill {ended}\n")


def test_programs_that_were_ended_before_this_server_are_none_of_its_business(group: Path) -> None:
    assert Memory(group).notices() == []


def test_a_program_that_is_ended_is_reported_with_limit_and_peak(group: Path) -> None:
    memory = Memory(group)
    count(group, 3)
    (notice,) = memory.notices()
    assert "the limit of 1.00 GiB (the most that they took: 1.00 GiB)" in notice.message


def test_each_further_one_is_another_notice(group: Path) -> None:
    memory = Memory(group)
    count(group, 3)
    (first,) = memory.notices()
    count(group, 4)
    (second,) = memory.notices()
    assert first.id != second.id


def test_without_a_limit_it_was_the_whole_servers_memory(group: Path) -> None:
    memory = Memory(group)
    (group / "memory.max").write_text("max\n")
    (group / "memory.peak").unlink()  # Linux before 5.19
    count(group, 3)
    (notice,) = memory.notices()
    assert "because the whole server ran out of memory. " in notice.message


def test_without_a_control_group_nothing_is_said(tmp_path: Path) -> None:
    assert Memory(None).notices() == []
    assert Memory(tmp_path / "none").notices() == []


@pytest.mark.parametrize(
    ("membership", "below"),
    [
        ("0::/user.slice/user-1001.slice/session-c1.scope\n", "user.slice/user-1001.slice"),
        ("1:name=systemd:/\n0::/user.slice/user-1001.slice\n", "user.slice/user-1001.slice"),
        (
            "0::/machine.slice/m.scope/user.slice/user-7.slice/user@7.service/app.slice/x.scope\n",
            "machine.slice/m.scope/user.slice/user-7.slice",
        ),
    ],
)
def test_the_slice_is_found_above_the_session(membership: str, below: str) -> None:
    assert slice_of(membership) == notices.CGROUPS / below


def test_a_process_outside_has_none() -> None:
    assert slice_of("0::/system.slice/teamhub.service\n") is None
