"""What was damaged is again what its package brought, and a process keeps what it has mapped."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.conda_channel import Channel
from support.web import Web
from teamhub.environment import apply
from teamhub.environment.apply import CannotRepair
from teamhub.environment.by_hand import files
from teamhub.environment.store.state import NoCurrent
from unit.teamhub.environment.conftest import Server, repair

VERSION = "share/library/version"
ENVIRONMENTS = ("hub", "user")


def cut_short(file: Path) -> None:
    os.truncate(file, 1)


def edit_in_place(file: Path) -> None:
    with file.open("r+") as opened:
        opened.write("x")


def hide_an_edit(file: Path) -> None:
    """An edit that keeps size and time."""
    status = file.stat()
    edit_in_place(file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace(file: Path) -> None:
    """Change a file as an editor does."""
    file.unlink()
    file.write_text("by hand")


DAMAGE = (cut_short, edit_in_place, hide_an_edit, replace, Path.unlink)


@pytest.fixture
def embedded(embedded: Channel) -> Channel:
    """The hub has the library as well."""
    embedded.add("jupyterhub", "6.1.1", depends=["library"])
    return embedded


def prefixes(server: Server) -> list[Path]:
    """Both environments of every generation."""
    return [path / name for path in server.layout.generations.iterdir() for name in ENVIRONMENTS]


def damaged(server: Server) -> dict[Path, dict[str, list[str]]]:
    """What is damaged, by its prefix."""
    found = {prefix: files.compare(prefix).damaged for prefix in prefixes(server)}
    return {prefix: names for prefix, names in found.items() if names}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_damage_is_repaired_in_every_prefix_that_has_it(
    two: Server, environment: str, damage: Callable[[Path], None]
) -> None:
    damage(two.current / environment / VERSION)
    assert damaged(two)
    repair(two)
    assert damaged(two) == {}
    assert {(prefix / VERSION).read_text() for prefix in prefixes(two)} == {"2.0"}
    assert (two.layout.cache / "library-2.0-0" / VERSION).read_text() == "2.0"
    assert sorted(map(str, two.generations())) == sorted(p.path.name for p in two.state.generations)


def test_what_was_repaired_is_said_with_its_package_and_its_generation(two: Server) -> None:
    cut_short(two.current / "user" / VERSION)
    repair(two)
    said = [line for line in two.said if line.startswith("repaired")]
    assert said == [
        f"repaired in generation {number}, {whose} environment: library: {VERSION}"
        for number in (1, 2)
        for whose in ("the hub's", "people's")
    ]


def test_sound_generations_are_left_alone(two: Server) -> None:
    before = {prefix: (prefix / VERSION).stat().st_ctime_ns for prefix in prefixes(two)}
    repair(two)
    assert two.said == []
    assert before == {prefix: (prefix / VERSION).stat().st_ctime_ns for prefix in prefixes(two)}


def test_a_process_keeps_the_file_that_it_has_mapped(two: Server) -> None:
    file = two.current / "user" / VERSION
    edit_in_place(file)
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        repair(two)
        assert mapped[:] == b"x.0"
    assert file.read_text() == "2.0"


def test_a_file_that_knows_its_prefix_has_the_generations_own(server: Server) -> None:
    """conda's record of a package names the folder that it was installed into."""
    record = server.current / "user/conda-meta/library-2.0-0.json"
    before = record.read_bytes()
    record.write_bytes(b"")
    (server.current / "user" / VERSION).unlink()
    repair(server)
    assert record.read_bytes() == before
    assert server.version("library") == "2.0"


def test_a_lost_record_of_the_hubs_comes_back(server: Server) -> None:
    record = server.current / "hub/conda-meta/library-2.0-0.json"
    record.unlink()
    assert files.compare(server.current / "hub").unknown
    repair(server)
    assert not files.compare(server.current / "hub")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_whole_environment_comes_back(two: Server, environment: str) -> None:
    prefix = two.current / environment
    prefix.rename(two.layout.root / "away")
    repair(two)
    assert damaged(two) == {}
    assert (prefix / VERSION).read_text() == "2.0"


def test_what_was_installed_by_hand_stays(server: Server, other: Channel) -> None:
    server.install_with_conda(other, "extra")
    (server.current / "user/share/notes").write_text("mine")
    cut_short(server.current / "user" / VERSION)
    repair(server)
    assert (server.version("extra"), server.version("library")) == ("1.0", "2.0")
    assert (server.current / "user/share/notes").exists()


def test_what_no_package_of_the_lock_has_is_named_with_what_to_do(
    server: Server, other: Channel
) -> None:
    server.install_with_conda(other, "extra")
    replace(server.current / "user/share/extra/version")
    with pytest.raises(CannotRepair, match="people's environment: extra: share/extra") as caught:
        repair(server)
    assert "teamhub env apply --discard" in caught.value.remedy
    first = server.current
    server.apply(discard=True)
    with pytest.raises(CannotRepair, match="generation 1") as caught:
        repair(server)
    assert caught.value.remedy.endswith(f"rm -r {first}")


def test_a_package_whose_archive_is_damaged_too_is_named(server: Server) -> None:
    archive = server.layout.channel / "noarch/library-2.0-0.conda"
    content = archive.read_bytes()
    archive.write_bytes(content[:-1] + b"x")
    cut_short(server.current / "user" / VERSION)
    with pytest.raises(CannotRepair, match=str(archive)):
        repair(server)
    archive.write_bytes(content)
    repair(server)
    assert server.version("library") == "2.0"


def test_a_sound_package_needs_no_archive(two: Server) -> None:
    (two.layout.channel / "noarch/jupyterhub-6.1.1-0.conda").unlink()
    cut_short(two.current / "user" / VERSION)
    repair(two)
    assert damaged(two) == {}


def test_a_package_of_another_channel_is_fetched_again(server: Server, web: Web) -> None:
    server.ask("extra", channels=[web.url])
    server.apply()
    cut_short(server.current / "user/share/extra/version")
    repair(server)
    assert server.version("extra") == "1.0"
    assert web.sent["extra-1.0-0.conda"] == 2


def test_without_a_generation_there_is_nothing_to_repair(tmp_path: Path, embedded: Channel) -> None:
    server = Server(tmp_path, embedded)
    server.ship()
    with pytest.raises(NoCurrent) as caught:
        repair(server)
    assert caught.value.remedy == "make one: teamhub env apply"


@pytest.mark.parametrize("damage", DAMAGE)
def test_discarding_changes_repairs_the_other_generations_too(
    two: Server, damage: Callable[[Path], None]
) -> None:
    damage(two.current / "hub" / VERSION)
    two.apply(discard=True)
    assert damaged(two) == {}


@pytest.mark.parametrize("damage", [cut_short, edit_in_place, hide_an_edit])
def test_an_edit_in_place_does_not_pass_to_the_next_generation(
    server: Server, other: Channel, damage: Callable[[Path], None]
) -> None:
    first = server.current
    damage(first / "hub" / VERSION)
    server.ask("extra", channels=[other.url])
    apply.apply(apply.Request(unattended=True), server.said.append, server.layout, checks=())
    assert server.current != first
    assert {prefix.parent for prefix in damaged(server)} == {first}
    entry = server.layout.cache / "library-2.0-0"
    assert f"{entry} has changed, and is unpacked again: {VERSION}" in server.said
