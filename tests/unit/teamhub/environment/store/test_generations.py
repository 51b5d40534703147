"""A generation counts once it is complete, and no longer than it is whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from support.conda_channel import Channel
from teamhub.environment.store import generations
from teamhub.environment.store.damaged import DamagedStore
from teamhub.environment.store.generations import COMPLETE, CannotWrite, Generation
from teamhub.environment.store.layout import Layout
from teamhub_shared import TeamhubError
from unit.teamhub.environment.conftest import Server


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A server that has a folder for generations, and none in it."""
    layout = Layout(root=tmp_path / "opt")
    layout.generations.mkdir(parents=True)
    return layout


def test_a_generation_is_its_folder_and_what_it_was_made_of(server: Server) -> None:
    (generation,) = generations.complete(server.layout)
    assert generation.path == server.current
    assert generation.number == generation.made.number == 1
    assert (generation.user / "share/library/version").read_text() == "2.0"


def test_without_its_mark_it_does_not_count(server: Server, other: Channel) -> None:
    first = server.current
    server.ask("extra", channels=[other.url])
    second = server.apply()
    (second / COMPLETE).unlink()
    assert [generation.path for generation in generations.complete(server.layout)] == [first]


def test_one_that_another_command_is_removing_does_not_count(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = generations.read

    def read_too_late(path: Path) -> Generation:
        generations.remove(path)
        return read(path)

    monkeypatch.setattr(generations, "read", read_too_late)
    assert generations.complete(server.layout) == ()


@pytest.mark.parametrize("text", [None, b"", b"\x00\xff", b"[]", b'{"packages": 3}'])
def test_one_that_does_not_say_what_it_was_made_of_is_named(
    server: Server, text: bytes | None
) -> None:
    file = server.current / "generation.json"
    file.unlink()
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(DamagedStore, match=str(file)) as caught:
        generations.complete(server.layout)
    assert caught.value.remedy == "type: teamhub env repair"


def test_what_a_killed_build_left_is_removed_and_nothing_else(server: Server) -> None:
    there = server.layout.generations
    (there / "torn/user").mkdir(parents=True)
    (there / "file").write_text("")
    (there / "link").symlink_to("absent")
    generations.remove_unfinished(server.layout)
    assert list(there.iterdir()) == [server.current]


def test_before_the_first_build_there_is_nothing_to_remove(tmp_path: Path) -> None:
    generations.remove_unfinished(Layout(root=tmp_path / "absent"))


def fill(path: Path, layout: Layout, error: BaseException) -> None:
    """Begin a generation, and fail."""
    with generations.unfinished(path, layout):
        (path / "user").mkdir(parents=True)
        raise error


class TestUnfinished:
    """A generation that is being filled."""

    def test_what_has_come_whole_stays(self, layout: Layout) -> None:
        path = layout.generations / "new"
        with generations.unfinished(path, layout):
            (path / "user").mkdir(parents=True)
        assert (path / "user").is_dir()

    @pytest.mark.parametrize("error", [TeamhubError("problem", "remedy"), KeyboardInterrupt()])
    def test_what_has_not_is_removed(self, layout: Layout, error: BaseException) -> None:
        path = layout.generations / "new"
        with pytest.raises(type(error)):
            fill(path, layout, error)
        assert not path.exists()

    def test_what_the_disk_does_not_take_is_named(self, layout: Layout) -> None:
        path = layout.generations / "new"
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with pytest.raises(CannotWrite) as caught:
            fill(path, layout, full)
        assert caught.value.problem == f"cannot write {path}: No space left on device"
        assert f"make room on the disk of {layout.root}" in caught.value.remedy
        assert not path.exists()

    def test_where_nothing_can_be_removed_either_the_first_error_counts(
        self, tmp_path: Path
    ) -> None:
        layout = Layout(root=tmp_path / "file")
        layout.root.write_text("")
        path = layout.generations / "new"
        with pytest.raises(CannotWrite, match="Not a directory"):
            fill(path, layout, AssertionError("the folder was made"))


class TestSwitch:
    """`current` moves by one rename."""

    def test_it_points_at_the_generation_by_a_path_of_its_own_folder(self, layout: Layout) -> None:
        path = layout.generations / "new"
        generations.switch(path, layout)
        assert layout.current.readlink() == Path("generations/new")
        assert generations.current(layout) == path

    def test_what_a_killed_switch_left_does_not_hinder_the_next(self, layout: Layout) -> None:
        (layout.root / ".current.new").symlink_to("generations/old")
        generations.switch(layout.generations / "new", layout)
        assert generations.current(layout) == layout.generations / "new"
        assert not os.path.lexists(layout.root / ".current.new")

    def test_before_the_first_there_is_none(self, layout: Layout) -> None:
        assert generations.current(layout) is None
