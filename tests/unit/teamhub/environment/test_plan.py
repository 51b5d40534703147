"""A plan has the lock of the next generation, and asks the channels only where it has to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from support.conda_channel import Channel
from support.web import Web
from teamhub.environment import plan
from teamhub.environment.conda.channels import ChannelUnreachable, NoSuchPackage
from teamhub.environment.conda.packages import locked_records
from teamhub.environment.plan import Plan, inputs_hash
from teamhub.environment.store import manifest
from teamhub.environment.store.generations import CannotWrite
from teamhub.environment.store.manifest import PipPackage
from teamhub.environment.team.file import TeamPackages
from unit.teamhub.environment.conftest import Server

NOTHING = TeamPackages()
THING = PipPackage("thing", "1.0", "https://example.org/thing.whl", "12ab")


def make(
    server: Server,
    *specs: str,
    channels: Sequence[str] = (),
    update: bool = False,
    unattended: bool = False,
) -> Plan:
    """The plan of what the team asks for."""
    team = TeamPackages(tuple(channels), specs, ())
    return plan.make(team, NOTHING, server.state, update=update, unattended=unattended)


def locked(made: Plan, environment: str = "user") -> dict[str, str]:
    """Names and versions of a plan's packages."""
    records = locked_records(made.lock, environment)
    return {record.name.normalized: str(record.version) for record in records}


def test_without_anything_of_the_teams_it_is_what_ships(server: Server) -> None:
    made = make(server)
    assert made.lock.read_bytes() == server.layout.shipped_lock.read_bytes()
    assert not server.layout.repodata.exists()


def test_the_teams_are_added_to_what_ships_and_not_to_the_hubs(
    server: Server, other: Channel
) -> None:
    made = make(server, "extra", channels=[other.url])
    assert locked(made) == {"extra": "1.0", "jupyterhub": "6.1.1", "library": "2.0"}
    assert locked(made, "hub") == {"jupyterhub": "6.1.1"}


def test_it_is_an_unfinished_generation_with_nothing_but_a_lock(server: Server) -> None:
    made = make(server)
    assert made.path.parent == server.layout.generations
    assert list(made.path.iterdir()) == [made.lock]
    assert [generation.path for generation in server.state.generations] == [server.current]


def test_its_number_is_the_next_and_its_name_is_no_other_ones(server: Server) -> None:
    first = server.current
    made = make(server)
    assert made.number == 2
    assert made.path.name != first.name
    assert len(made.path.name) == 12


def test_where_it_cannot_be_solved_nothing_is_left(server: Server, other: Channel) -> None:
    with pytest.raises(NoSuchPackage):
        make(server, "absent", channels=[other.url])
    assert server.generations() == [server.current.name]


def test_where_its_lock_cannot_be_written_nothing_is_left(server: Server) -> None:
    server.layout.shipped_lock.rename(server.layout.root / "lock")
    server.layout.shipped_lock.symlink_to(server.layout.root / "lock")
    state = server.state
    (server.layout.root / "lock").unlink()
    with pytest.raises(CannotWrite, match="No such file"):
        plan.make(NOTHING, NOTHING, state, update=False, unattended=False)
    assert server.generations() == [server.current.name]


class TestVersions:
    """What the team has stays, unless it asks for something newer."""

    @pytest.fixture
    def moved_on(self, server: Server, other: Channel) -> Server:
        """A server whose channel has a newer version of what the team has."""
        server.ask("extra", channels=[other.url])
        server.apply()
        other.add("extra", "2.0")
        return server

    def test_it_stays(self, moved_on: Server, other: Channel) -> None:
        assert locked(make(moved_on, "extra", channels=[other.url]))["extra"] == "1.0"

    def test_it_moves_with_an_update(self, moved_on: Server, other: Channel) -> None:
        made = make(moved_on, "extra", channels=[other.url], update=True)
        assert locked(made)["extra"] == "2.0"

    def test_it_moves_where_it_has_to(self, moved_on: Server, other: Channel) -> None:
        made = make(moved_on, "extra >=2", channels=[other.url])
        assert locked(made)["extra"] == "2.0"

    @pytest.fixture
    def with_pip(self, server: Server) -> Server:
        """A server whose current generation has a package that pip brought."""
        fields = vars(manifest.read(server.current)) | {"pip_packages": (THING,)}
        manifest.write(server.current, manifest.Manifest(**fields))
        return server

    @pytest.mark.parametrize(("update", "kept"), [(False, (THING,)), (True, ())])
    def test_so_does_what_pip_brought(
        self, with_pip: Server, update: bool, kept: tuple[PipPackage, ...]
    ) -> None:
        assert make(with_pip, update=update).pip_before == kept


class TestWithoutTheChannel:
    """The team's channel cannot be reached."""

    @pytest.fixture
    def url(self, server: Server, web: Web) -> str:
        """The address of a channel that was asked once and is down now."""
        server.ask("extra", channels=[web.url])
        server.apply()
        web.close()
        return web.url

    def test_an_upgrade_is_content_with_what_it_said_last(self, server: Server, url: str) -> None:
        made = make(server, "extra", channels=[url], unattended=True)
        assert locked(made)["extra"] == "1.0"

    def test_an_admin_is_told(self, server: Server, url: str) -> None:
        with pytest.raises(ChannelUnreachable, match=url):
            make(server, "extra", channels=[url])

    def test_an_upgrade_is_reported_if_it_never_said_anything(
        self, server: Server, web: Web
    ) -> None:
        web.close()
        with pytest.raises(ChannelUnreachable, match=web.url):
            make(server, "extra", channels=[web.url], unattended=True)


class TestInputs:
    """Two generations are made from the same where their inputs have one name."""

    TEAM = TeamPackages(("conda-forge",), ("polars",), ("thing",))

    def test_the_same_is_the_same(self) -> None:
        again = TeamPackages(("conda-forge",), ("polars",), ("thing",))
        assert inputs_hash(self.TEAM, "lock") == inputs_hash(again, "lock")

    @pytest.mark.parametrize(
        "other",
        [
            NOTHING,
            TeamPackages((), ("polars",), ("thing",)),
            TeamPackages(("conda-forge",), ("polars >=1",), ("thing",)),
            TeamPackages(("conda-forge",), ("polars", "thing"), ()),
        ],
    )
    def test_another_request_is_another(self, other: TeamPackages) -> None:
        assert inputs_hash(self.TEAM, "lock") != inputs_hash(other, "lock")

    def test_so_is_another_version_of_the_package(self) -> None:
        assert inputs_hash(self.TEAM, "lock") != inputs_hash(self.TEAM, "another")

    def test_a_generation_remembers_its_own(self, server: Server, other: Channel) -> None:
        server.ask("extra", channels=[other.url])
        made: Path = server.apply()
        team = TeamPackages((other.url,), ("extra",), ())
        assert manifest.read(made).inputs == inputs_hash(team, server.state.shipped)
