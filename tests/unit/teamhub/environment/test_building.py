"""A generation is complete when all of it is there, checked, and on the disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.conda_channel import Channel
from teamhub.environment import building, plan
from teamhub.environment.building import checks_needed
from teamhub.environment.checks import Check, Program
from teamhub.environment.plan import Plan
from teamhub.environment.store import generations, manifest
from teamhub.environment.store.generations import CannotWrite, Generation
from teamhub.environment.team.file import TeamPackages
from teamhub.system import room
from teamhub_shared import LOCK_NAME, TeamhubError
from unit.teamhub.environment.conftest import Server

HUB, USER = Program("hub/bin/jupyterhub", ()), Program("user/bin/library", ())


@dataclass
class Found:
    """A check that notes what was there when it ran."""

    environment: str
    of_packages_alone: bool = False
    complete: list[bool] = field(default_factory=list)

    def run(self, generation: Path) -> None:
        assert (generation / self.environment).is_dir()
        self.complete.append(generations.is_complete(generation))


@pytest.fixture
def planned(server: Server, other: Channel) -> Plan:
    """The plan of a second generation, with a package of the team's."""
    team = TeamPackages((other.url,), ("extra",), ())
    return plan.make(team, TeamPackages(), server.state, update=False, unattended=False)


def build(server: Server, planned: Plan, *checks: Check) -> Generation:
    """Build a planned generation as `teamhub env apply` does."""
    return building.build(planned, "apply", server.state, server.said.append, checks=checks)


def test_it_is_what_was_planned(server: Server, planned: Plan) -> None:
    built = build(server, planned)
    assert built.path == planned.path
    assert built.number == planned.number == 2
    assert built.made.reason == "apply"
    assert built.made.inputs == planned.inputs
    assert built.made.shipped == server.state.shipped
    assert {package.name for package in built.made.packages} == {"extra", "jupyterhub", "library"}
    assert {path.name for path in built.path.iterdir()} == {
        *("hub", "user", LOCK_NAME, "generation.json", generations.COMPLETE)
    }


def test_what_is_returned_is_what_the_next_command_reads(server: Server, planned: Plan) -> None:
    before = server.state
    built = build(server, planned)
    assert before.including(built) == server.state


def test_it_is_not_current_yet(server: Server, planned: Plan) -> None:
    build(server, planned)
    assert server.number == 1


def test_it_is_not_complete_before_its_checks_have_passed(server: Server, planned: Plan) -> None:
    checks = [Found("hub"), Found("user")]
    build(server, planned, *checks)
    assert [check.complete for check in checks] == [[False], [False]]


def test_one_that_fails_a_check_is_removed_and_what_was_unpacked_stays(
    server: Server, planned: Plan
) -> None:
    with pytest.raises(TeamhubError):
        build(server, planned, Program("user/bin/absent", ()))
    assert server.generations() == [server.current.name]
    assert (server.layout.cache / "extra-1.0-0").is_dir()


def test_one_that_cannot_be_written_is_removed_and_the_folder_is_named(
    server: Server, planned: Plan
) -> None:
    # in the place of the file that says what the generation was made of
    (planned.path / f".{manifest.NAME}.new").mkdir()
    with pytest.raises(CannotWrite, match=f"cannot write {planned.path}"):
        build(server, planned)
    assert server.generations() == [server.current.name]


class TestChecksNeeded:
    """The hub's programs are tried once for each lock that ships."""

    def test_all_for_the_first_generation(self, tmp_path: Path, embedded: Channel) -> None:
        server = Server(tmp_path, embedded)
        server.ship()
        assert checks_needed([HUB, USER], server.state) == [HUB, USER]

    def test_the_users_alone_where_there_is_the_same_hub(self, server: Server) -> None:
        assert checks_needed([HUB, USER], server.state) == [USER]

    def test_all_for_another_version_of_the_package(
        self, server: Server, embedded: Channel
    ) -> None:
        embedded.add("library", "3.0")
        server.ship()
        assert checks_needed([HUB, USER], server.state) == [HUB, USER]

    def test_what_the_packages_alone_do_not_decide_in_any_case(self, server: Server) -> None:
        configuration = Found("hub")
        assert checks_needed([configuration, HUB], server.state) == [configuration]


def test_a_disk_that_is_too_small_is_refused_before_anything_is_linked(
    server: Server, planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda _: 59_000_000)
    with pytest.raises(room.NoRoom, match=r"opt needs 6\d MB on its disk, 59 MB are free"):
        build(server, planned)
    assert not (server.layout.cache / "extra-1.0-0").exists()
    assert not planned.path.exists()
    assert server.number == 1
