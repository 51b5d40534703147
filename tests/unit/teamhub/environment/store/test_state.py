"""The state is what lies on the disk: read once, and passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.conda_channel import Channel
from teamhub.environment import apply
from teamhub.environment.store import history, manifest, prune
from teamhub.environment.store.generations import COMPLETE
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.state import (
    NoSuchGeneration,
    NothingBefore,
    lock_id,
    make_current,
    read_state,
)
from teamhub.environment.team.file import BadTeamFile
from unit.teamhub.environment.conftest import Server


@pytest.fixture
def three(server: Server, other: Channel) -> Server:
    """A server with three generations, the newest one current."""
    for name in ("one", "two"):
        other.add(name)
        server.ask(name, channels=[other.url])
        server.apply()
    return server


class TestBeforeTheFirstGeneration:
    """dpkg has unpacked the package, and nothing more."""

    @pytest.fixture
    def unpacked(self, tmp_path: Path, embedded: Channel) -> Server:
        server = Server(tmp_path, embedded)
        server.ship()
        return server

    def test_there_is_nothing(self, unpacked: Server) -> None:
        state = unpacked.state
        assert (state.generations, state.current, state.switches) == ((), None, ())
        assert not state.is_up_to_date
        assert state.next_number == 1

    def test_nothing_can_be_gone_back_to(self, unpacked: Server) -> None:
        with pytest.raises(NothingBefore):
            unpacked.state.before_current()
        with pytest.raises(NoSuchGeneration) as caught:
            unpacked.state.find("1")
        assert caught.value.remedy.endswith("none")

    def test_looking_makes_no_folder(self, unpacked: Server) -> None:
        assert not unpacked.state.layout.root.exists()


def test_a_server_has_its_generations_the_oldest_first(three: Server) -> None:
    state = three.state
    assert [generation.number for generation in state.generations] == [1, 2, 3]
    assert state.current == state.generations[-1]
    assert [switch.number for switch in state.switches] == [1, 2, 3]
    assert state.next_number == 4


def test_one_is_found_by_its_number_and_by_its_id(three: Server) -> None:
    second = three.state.generations[1]
    assert three.state.find("2") == second
    assert three.state.find(second.path.name) == second
    with pytest.raises(NoSuchGeneration) as caught:
        three.state.find("4")
    assert caught.value.remedy.endswith("1, 2, 3")


def test_the_one_before_is_the_one_that_was_made_before(three: Server) -> None:
    assert three.state.before_current().number == 2
    three.roll_back("2")
    assert three.state.before_current().number == 1


def test_a_new_version_of_the_package_makes_it_out_of_date(
    server: Server, embedded: Channel
) -> None:
    before = server.state
    assert before.is_up_to_date
    assert before.shipped == lock_id(server.layout.shipped_lock)
    embedded.add("library", "3.0")
    server.ship()
    after = server.state
    assert after.shipped != before.shipped
    assert not after.is_up_to_date
    assert after.current == before.current


def test_an_admins_rollback_is_up_to_date(three: Server) -> None:
    three.roll_back()
    assert three.state.is_up_to_date


def test_a_move_without_a_record_is_not(server: Server) -> None:
    server.layout.history.unlink()
    assert not server.state.is_up_to_date


def test_a_current_generation_that_is_not_whole_is_none_and_is_made_again(server: Server) -> None:
    (server.current / COMPLETE).unlink()
    assert server.state.current is None
    assert not server.state.is_up_to_date
    server.configure()
    assert server.version("library") == "2.0"
    assert server.state.is_up_to_date


def test_the_state_after_a_move_is_what_is_read_then(three: Server) -> None:
    state = three.state
    moved = make_current(state.generations[0], "rollback", state)
    assert moved == three.state
    assert three.number == 1


def test_the_state_before_a_move_is_left_as_it_was(three: Server) -> None:
    state = three.state
    make_current(state.generations[0], "rollback", state)
    assert state.current == state.generations[2]
    assert len(state.switches) == 3


def test_making_the_current_one_current_only_records_it(server: Server) -> None:
    link = server.layout.current.lstat().st_ino
    state = server.state
    assert state.current is not None
    make_current(state.current, "apply", state)
    assert server.layout.current.lstat().st_ino == link
    assert [s.reason for s in history.read(server.layout.history)] == ["install", "apply"]


def test_a_command_reads_each_generation_once(
    three: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Path] = []
    real = manifest.read

    def counted(path: Path) -> manifest.Manifest:
        found.append(path)
        return real(path)

    monkeypatch.setattr(manifest, "read", counted)
    three.apply()
    assert three.said[-1].startswith("nothing to do")
    assert sorted(found) == sorted(three.layout.generations.iterdir())


def test_an_unreadable_environment_yml_keeps_nobody_from_going_back(three: Server) -> None:
    three.layout.team_file.write_text("dependencies: [\n")
    with pytest.raises(BadTeamFile):
        three.apply()
    three.roll_back()
    assert three.number == 2
    assert prune.prune(three.state) == []


class TestBehindALink:
    """An admin has moved /opt to another disk, and left a link."""

    @pytest.fixture
    def moved(self, three: Server, tmp_path: Path) -> Layout:
        link = tmp_path / "moved"
        link.symlink_to(three.layout.root)
        return Layout(link, three.layout.channel, three.layout.team_file, three.layout.network_file)

    def test_the_current_one_is_one_of_those_that_are_there(self, moved: Layout) -> None:
        state = read_state(moved)
        assert state.current == state.generations[-1]

    def test_the_current_one_is_not_made_again(self, moved: Layout) -> None:
        said: list[str] = []
        apply.apply(apply.Request(), said.append, moved, checks=())
        assert said == ["nothing to do: generation 3 is what is asked for"]
