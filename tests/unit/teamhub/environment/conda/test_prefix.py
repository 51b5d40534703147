"""A package that was built of conda channels: with their packages in it, or with the lock alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.conda_channel import Channel
from support.web import Fault, Web, corrupted, truncated
from teamhub.environment.conda import prefix
from teamhub_build.lock import write_shipped_lock
from teamhub_build.solver import Request
from teamhub_build.suites import EVERY_SUITE
from teamhub_shared import TeamhubError
from unit.teamhub.environment.conftest import SPECS, Server


@pytest.fixture
def thin(tmp_path: Path, other: Channel, web: Web) -> Server:
    """A server on which dpkg has unpacked a thin package, built of the channel at `web`."""
    other.add("library", "2.0")
    made = Server(tmp_path, other)
    request = Request(SPECS, (web.url,), EVERY_SUITE.glibc, repodata=tmp_path / "repodata")
    write_shipped_lock(request, made.layout.channel)
    return made


@pytest.fixture
def fat(thin: Server, other: Channel) -> Server:
    """The same with the packages in it."""
    for path in other.folder.glob("*/*.conda"):
        shutil.copyfile(path, thin.layout.channel / path.relative_to(other.folder))
    return thin


def address(server: Server, name: str) -> str:
    """Where conda's record of a package says that it came from."""
    (record,) = (server.current / "user/conda-meta").glob(f"{name}-*.json")
    return str(json.loads(record.read_text("utf-8"))["url"])


def fails(server: Server) -> TeamhubError:
    """The error of a first installation that leaves nothing behind."""
    with pytest.raises(TeamhubError) as caught:
        server.configure()
    assert not server.layout.current.exists()
    assert server.generations() == []
    return caught.value


class TestThin:
    """The lock alone: the packages come from their channel."""

    def test_it_fetches_what_its_lock_names(self, thin: Server, web: Web) -> None:
        thin.configure()
        assert thin.version("library") == "2.0"
        assert address(thin, "library") == f"{web.url}/noarch/library-2.0-0.conda"

    def test_it_gets_what_was_locked_though_the_channel_has_moved_on(
        self, thin: Server, other: Channel
    ) -> None:
        other.add("library", "3.0")
        thin.configure()
        assert thin.version("library") == "2.0"

    def test_it_needs_no_repodata(self, thin: Server, web: Web) -> None:
        web.statuses["repodata.json"] = web.statuses["repodata.json.zst"] = 404
        thin.configure()
        assert thin.version("library") == "2.0"

    @pytest.mark.parametrize("fault", [corrupted, truncated])
    def test_what_is_not_what_the_lock_names_is_refused(
        self, thin: Server, web: Web, fault: Fault
    ) -> None:
        web.contents["library-2.0-0.conda"] = fault
        assert "library-2.0-0" in fails(thin).problem

    def test_a_package_that_stalls_is_given_up(
        self, thin: Server, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(prefix, "STALLED_SECONDS", 1.0)
        web.stalling.add("library-2.0-0.conda")
        error = fails(thin)
        assert "library" in error.problem
        assert "downloads are kept" in error.remedy

    def test_a_channel_that_trickles_is_given_up_in_the_end(
        self, thin: Server, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(prefix, "LONGEST_SECONDS", 1.0)
        web.stalling.add("library-2.0-0.conda")
        assert "library: incomplete after 0 min" in fails(thin).problem

    def test_a_second_try_fetches_only_what_had_not_come(self, thin: Server, web: Web) -> None:
        web.statuses["library-2.0-0.conda"] = 404
        error = fails(thin)
        assert "library-2.0-0.conda" in error.problem
        assert web.sent["jupyterhub-7.0-0.conda"] == 1
        web.statuses.clear()
        thin.configure()
        assert thin.version("library") == "2.0"
        assert web.sent["jupyterhub-7.0-0.conda"] == 1


class TestFat:
    """The packages in the package: no network, and conda knows all the same where they are from."""

    def test_it_installs_without_its_channel(self, fat: Server, web: Web) -> None:
        web.close()
        fat.configure()
        assert fat.version("library") == "2.0"

    def test_what_is_damaged_is_refused_by_name(self, fat: Server) -> None:
        package = fat.layout.channel / "noarch/library-2.0-0.conda"
        package.write_bytes(package.read_bytes()[:-1] + b"x")
        problem = fails(fat).problem
        assert str(package) in problem
        assert "its sha256 is" in problem

    def test_conda_gets_the_channels_address(self, fat: Server, web: Web) -> None:
        fat.configure()
        assert address(fat, "library") == f"{web.url}/noarch/library-2.0-0.conda"

    def test_the_teams_packages_come_from_its_channels(self, fat: Server, web: Web) -> None:
        fat.configure()
        fat.ask("extra")
        fat.apply()
        assert fat.version("extra") == "1.0"
        assert address(fat, "extra") == f"{web.url}/noarch/extra-1.0-0.conda"

    def test_without_the_packages_own_channels_nothing_else_is_asked(
        self, fat: Server, web: Web, tmp_path: Path
    ) -> None:
        fat.configure()
        web.close()
        second = Channel(tmp_path / "second")
        second.add("only")
        fat.ask("only", channels=["nodefaults", second.url])
        fat.apply()
        assert fat.version("only") == "1.0"
        assert fat.version("library") == "2.0"
