"""Nothing that a power cut has torn, or that somebody has edited, gets into a generation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.conda_channel import Channel
from support.web import Web
from teamhub.environment import building
from teamhub.environment.store.layout import Layout
from teamhub_shared import TeamhubError
from unit.teamhub.environment.conftest import Server


class Killed(BaseException):
    """The end of everything: nothing is cleaned up after it."""


def empty(file: Path) -> None:
    """What ext4 leaves of a file whose blocks were not allocated yet."""
    file.write_bytes(b"")


def zeros(file: Path) -> None:
    """What other file systems leave."""
    file.write_bytes(bytes(file.stat().st_size))


def killed(_layout: Layout) -> None:
    raise Killed


@pytest.fixture
def unpacked(server: Server, other: Channel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of a package that was unpacked for a generation which never got as far as its sync."""
    server.ask("extra", channels=[other.url])
    with monkeypatch.context() as patch:
        patch.setattr(building, "sync", killed)
        with pytest.raises(Killed):
            server.apply()
    assert server.number == 1
    return server.layout.cache / "extra-1.0-0/share/extra/version"


@pytest.mark.parametrize("tear", [empty, zeros, Path.unlink])
def test_what_another_boot_left_is_unpacked_again(
    server: Server, unpacked: Path, tear: Callable[[Path], None]
) -> None:
    tear(unpacked)
    server.apply()
    assert server.version("extra") == "1.0"


def test_what_this_boot_left_is_used(server: Server, unpacked: Path) -> None:
    before = unpacked.stat().st_ino
    server.apply()
    assert unpacked.stat().st_ino == before


@pytest.mark.usefixtures("unpacked")
def test_what_a_complete_generation_has_stays(server: Server) -> None:
    synced = server.layout.cache / "library-2.0-0/share/library/version"
    before = synced.stat().st_ino
    server.apply()
    assert synced.stat().st_ino == before


def test_what_a_failed_build_has_unpacked_is_synced(server: Server, other: Channel) -> None:
    Path(other.add("broken")).write_bytes(b"not a package")
    server.ask("extra", "broken", channels=[other.url])
    with pytest.raises(TeamhubError):
        server.apply()


def test_what_came_whole_before_a_power_cut_is_not_fetched_again(
    server: Server, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_power(server, web.url, monkeypatch)
    server.apply()
    assert server.version("extra") == "1.0"
    assert web.sent["extra-1.0-0.conda"] == 1


def test_what_was_torn_in_a_power_cut_is_fetched_again(
    server: Server, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_power(server, web.url, monkeypatch)
    empty(server.layout.cache / "extra-1.0-0/share/extra/version")
    server.apply()
    assert server.version("extra") == "1.0"
    assert web.sent["extra-1.0-0.conda"] == 2


@pytest.mark.parametrize("name", ["index.json", "paths.json"])
def test_a_packages_own_metadata_may_be_torn_as_well(
    server: Server, unpacked: Path, name: str
) -> None:
    empty(unpacked.parents[2] / "info" / name)
    server.apply()
    assert server.version("extra") == "1.0"


def test_metadata_of_which_there_is_no_hash_may_be_torn(server: Server, unpacked: Path) -> None:
    """rattler reads it before it links a noarch Python package, and checks it nowhere."""
    record = unpacked.parents[2] / "info/index.json"
    record.write_text(record.read_text().replace('"generic"', '"python"'))
    empty(unpacked.parents[2] / "info/link.json")
    server.apply()
    assert server.version("extra") == "1.0"


def test_doubt_outlives_a_build_that_fails(server: Server, unpacked: Path, other: Channel) -> None:
    Path(other.add("broken")).write_bytes(b"not a package")
    zeros(unpacked)
    server.ask("broken", channels=[other.url])
    with pytest.raises(TeamhubError):
        server.apply()
    server.ask("extra", channels=[other.url])
    server.apply()
    assert server.version("extra") == "1.0"


def test_an_installation_that_fails_looks_for_what_is_torn(server: Server, unpacked: Path) -> None:
    unpacked.unlink()
    server.apply()
    assert server.version("extra") == "1.0"


def test_a_file_that_was_edited_in_place_is_the_packages_again(server: Server) -> None:
    """Generations share files with the cache: anyone who writes in place changes all of them."""
    (server.current / "user/share/library/version").write_text("by hand")
    server.apply(discard=True)
    assert server.number == 2
    assert server.version("library") == "2.0"


def cut_power(server: Server, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpack the packages of a generation that gets no further, and start the machine anew."""
    server.ask("extra", channels=[url])
    with monkeypatch.context() as patch:
        patch.setattr(building, "sync", killed)
        with pytest.raises(Killed):
            server.apply()
