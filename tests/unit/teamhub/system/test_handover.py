"""Root takes the content of plain files from an account without rights, and nothing else."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from teamhub.system import handover
from teamhub.system.handover import DEEPEST, StrangeFile

#: Where a program has written, and for which place.
INSIDE = Path("opt/prefix")


#: Takes over; a file of a process that may go on is copied, and else renamed.
TakeOver = Callable[..., list[str]]


@pytest.fixture(params=[True, False], ids=["renamed", "copied"])
def take_over(request: pytest.FixtureRequest) -> TakeOver:
    """Takes over with both means."""
    return functools.partial(handover.take_over, are_closed=request.param)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The folder that the account has written to."""
    folder = tmp_path / "own/root"
    (folder / INSIDE).mkdir(parents=True)
    os.chown(folder, 4001, 4001)
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "prefix"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib/there.py").write_text("conda's")
    return folder


def write(written: Path, path: str, text: str = "", mode: int = 0o644) -> Path:
    """A file of the account's."""
    file = written / INSIDE / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.chown(file, 4001, 4001)
    file.chmod(mode)
    return file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_come_with_their_content_and_time_as_roots_own(
    take_over: TakeOver, written: Path, target: Path
) -> None:
    os.utime(write(written, "lib/new/a.py", "A"), ns=(1, 10**18 + 7))
    assert take_over(written, INSIDE, target) == []
    file = target / "lib/new/a.py"
    status = file.stat()
    assert file.read_text() == "A"
    assert (status.st_uid, status.st_gid, status.st_mtime_ns) == (0, 0, 10**18 + 7)
    assert file.parent.stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize(
    ("mode", "becomes"),
    [
        (0o4755, 0o755),
        (0o2711, 0o755),
        (0o600, 0o644),
        (0o666, 0o644),
        (0o777, 0o755),
        (0o0, 0o644),
    ],
)
def test_no_mode_is_taken_but_whether_it_is_a_program(
    take_over: TakeOver, written: Path, target: Path, mode: int, becomes: int
) -> None:
    write(written, "bin/x", mode=mode)
    take_over(written, INSIDE, target)
    assert (target / "bin/x").stat().st_mode & 0o7777 == becomes


def test_what_is_there_stays_and_is_named_if_it_differs(
    take_over: TakeOver, written: Path, target: Path
) -> None:
    (target / "lib/same.py").write_text("same")
    write(written, "lib/same.py", "same")
    write(written, "lib/there.py", "another")
    assert take_over(written, INSIDE, target) == ["lib/there.py"]
    assert (target / "lib/there.py").read_text() == "conda's"


def test_a_link_of_the_targets_is_neither_followed_nor_replaced(
    take_over: TakeOver, written: Path, target: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (target / "file").symlink_to(outside / "file")
    write(written, "file", "x")
    assert take_over(written, INSIDE, target) == ["file"]
    (target / "folder").symlink_to(outside)
    write(written, "folder/new")
    with pytest.raises(StrangeFile, match="'folder', which is not a folder"):
        take_over(written, INSIDE, target)
    assert names(outside) == ["file"]


def test_only_what_is_wanted_is_taken(take_over: TakeOver, written: Path, target: Path) -> None:
    write(written, "lib/a.py")
    write(written, "lib/b.sh")
    take_over(written, INSIDE, target, wanted=lambda path: path == "lib/a.py")
    assert names(target / "lib") == ["a.py", "there.py"]


def link(file: Path) -> None:
    file.symlink_to("/etc/shadow")


def second_name(file: Path) -> None:
    secret = file.parents[4] / "secret"
    secret.write_text("secret")
    os.link(secret, file)


def anothers(file: Path) -> None:
    file.touch()


def folder_link(file: Path) -> None:
    file.symlink_to("/etc")


def deep(file: Path) -> None:
    Path(*[file] + ["d"] * DEEPEST).mkdir(parents=True)
    Path(*[file] + ["d"] * DEEPEST, "file").touch()


@pytest.mark.parametrize("make", [link, second_name, anothers, folder_link, os.mkfifo, deep])
def test_anything_else_is_refused(
    take_over: TakeOver, written: Path, target: Path, make: object
) -> None:
    assert callable(make)
    file = written / INSIDE / "lib/x"
    file.parent.mkdir()
    make(file)
    with pytest.raises(StrangeFile, match="lib/") as caught:
        take_over(written, INSIDE, target)
    assert "take it out of environment.yml" in caught.value.remedy
    assert not (target / "lib/x").is_file()


@pytest.mark.parametrize("part", [".", "opt", "opt/prefix"])
def test_a_link_on_the_way_is_not_followed(
    take_over: TakeOver, written: Path, target: Path, part: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / INSIDE).mkdir(parents=True)
    for folder in (outside / INSIDE, outside / "prefix", outside):
        folder.mkdir(exist_ok=True)
        (folder / "secret").touch()
    for folder in (written / "opt/prefix", written / "opt", written):
        if folder == written / part:
            folder.rmdir()
            folder.symlink_to(outside)
            break
        folder.rmdir()
    with pytest.raises(StrangeFile, match="is not a folder"):
        take_over(written, INSIDE, target)
    assert names(target) == ["lib"]
    assert (outside / "secret").exists()


@pytest.mark.parametrize("path", ["etc/cron.d/x", "opt/x"])
def test_what_is_outside_of_the_environment_is_refused(
    take_over: TakeOver, written: Path, target: Path, path: str
) -> None:
    (written / path).parent.mkdir(parents=True, exist_ok=True)
    (written / path).touch()
    with pytest.raises(StrangeFile, match="outside of the environment"):
        take_over(written, INSIDE, target)


def test_nothing_written_is_nothing_taken(
    take_over: TakeOver, tmp_path: Path, target: Path
) -> None:
    (tmp_path / "own/root").mkdir(parents=True)
    assert take_over(tmp_path / "own/root", INSIDE, target) == []
