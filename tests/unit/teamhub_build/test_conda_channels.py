"""What ships of conda channels is what the lock names; where it cannot be had, a build says so."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.conda_channel import Channel
from support.web import Fault, Web, corrupted, serve, truncated
from teamhub_build.conda_channels import fetch_shipped_channel
from teamhub_build.profiles import requested_specs
from teamhub_build.progress import Progress
from teamhub_build.solver import ChannelError, UnsolvableError
from teamhub_build.suites import EVERY_SUITE
from teamhub_build.variant import Variant
from teamhub_build.wheelhouse import InputError
from teamhub_build.workspace import Workspace

VARIANT = Variant(EVERY_SUITE, "minimal", ("to be served",))


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    """Has all that the minimal profile asks for, jupyterhub in two versions."""
    made = Channel(tmp_path / "channel")
    specs = requested_specs(VARIANT)
    names = {spec.split()[0] for wanted in specs.values() for spec in wanted} - {"python"}
    made.add("python", "3.12.1")
    made.add("jupyterhub", "6.0")
    for name in names:
        made.add(name)
    return made


@pytest.fixture
def web(channel: Channel) -> Iterator[Web]:
    with serve(channel.folder) as served:
        yield served


class Build:
    """Builds against one channel, in one workspace."""

    def __init__(self, folder: Path, url: str) -> None:
        self.workspace = Workspace(folder)
        self.variant = replace(VARIANT, channels=(url,))

    def fetch(self, *, thin: bool = False, offline: bool = False, lock: Path | None = None) -> Path:
        variant = replace(self.variant, thin=thin, lock=lock)
        out = self.workspace.shipped_channel(variant)
        fetch_shipped_channel(self.workspace, variant, out, offline=offline, progress=Progress())
        return out


@pytest.fixture
def build(tmp_path: Path, web: Web) -> Build:
    return Build(tmp_path / "checkout", web.url)


def listed(out: Path) -> dict[str, str]:
    """The hash of each package in the repodata that ships, by file."""
    return {
        f"{file.parent.name}/{name}": entry["sha256"]
        for file in out.glob("*/repodata.json")
        for name, entry in json.loads(file.read_text("utf-8"))["packages.conda"].items()
    }


def test_a_fat_package_has_every_file_that_its_lock_names(build: Build) -> None:
    out = build.fetch()
    found = {
        f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.glob("*/*.conda")
    }
    assert found == listed(out)
    assert any("/python-3.12.1" in name for name in found)


def test_a_thin_one_has_none_and_the_lock_says_where_they_are(build: Build, web: Web) -> None:
    out = build.fetch(thin=True)
    assert not list(out.glob("*/*.conda"))
    lock = (out / "teamhub.lock").read_text("utf-8")
    for name in listed(out):
        assert f"{web.url}/{name}" in lock


def test_both_environments_get_one_jupyterhub(build: Build) -> None:
    assert sum("/jupyterhub-" in name and "idle" not in name for name in listed(build.fetch())) == 1


def test_a_second_build_fetches_nothing_and_needs_no_channel(build: Build, web: Web) -> None:
    first = listed(build.fetch())
    web.close()
    assert listed(build.fetch(offline=True)) == first


@pytest.fixture
def earlier(build: Build, channel: Channel, tmp_path: Path) -> Path:
    """The lock of a build from before the channel got a newer jupyterhub."""
    lock = tmp_path / "earlier.lock"
    shutil.copy(build.fetch() / "teamhub.lock", lock)
    channel.add("jupyterhub", "6.2")
    return lock


def test_a_build_solves_anew_unless_it_is_given_a_lock(build: Build, earlier: Path) -> None:
    assert "noarch/jupyterhub-6.2-0.conda" in listed(build.fetch())
    out = build.fetch(lock=earlier)
    assert "noarch/jupyterhub-6.2-0.conda" not in listed(out)
    assert (out / "teamhub.lock").read_bytes() == earlier.read_bytes()
    assert len(list(out.glob("*/*.conda"))) == len(listed(out))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{url}", "http://127.0.0.1:1", "has packages of http://127.0.0.1:1"),
        ("version:", "edition:", "is no lock"),
        ("sudospawner", "other", "nothing that is sudospawner"),
        ("  hub:", "  other:", "no environment hub"),
    ],
)
def test_a_lock_that_is_of_something_else_is_refused(
    build: Build, earlier: Path, web: Web, old: str, new: str, words: str
) -> None:
    text = earlier.read_text("utf-8")
    earlier.write_text(text.replace(old.format(url=web.url), new), "utf-8")
    with pytest.raises(UnsolvableError, match=words.format(url=web.url)):
        build.fetch(lock=earlier)


def test_what_is_not_here_cannot_be_built_offline(build: Build, web: Web) -> None:
    build.fetch(thin=True)
    web.close()
    with pytest.raises(InputError, match="not fetched yet"):
        build.fetch(offline=True)


def test_a_package_that_has_vanished_is_named_and_the_next_build_goes_on(
    build: Build, web: Web
) -> None:
    web.statuses["pip-1.0-0.conda"] = 404
    with pytest.raises(InputError, match=r"pip-1\.0-0\.conda"):
        build.fetch()
    web.statuses.clear()
    came = [path.name for path in build.workspace.channel_packages.glob("*/*.conda")]
    before = web.sent.copy()
    out = build.fetch()
    assert (out / "noarch/pip-1.0-0.conda").exists()
    assert {name: web.sent[name] for name in came} == {name: before[name] for name in came}


@pytest.mark.parametrize("fault", [corrupted, truncated])
def test_a_package_with_another_content_is_refused(build: Build, web: Web, fault: Fault) -> None:
    web.contents["pip-1.0-0.conda"] = fault
    with pytest.raises(InputError, match=r"pip-1\.0-0\.conda: its sha256 is"):
        build.fetch()


def test_a_login_is_taken_from_netrc_and_ships_nowhere(
    build: Build, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login zoe password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    web.authorization = "Basic em9lOnNlY3JldA=="
    out = build.fetch()
    assert list(out.glob("*/*.conda"))
    for path in out.rglob("*"):
        assert path.is_dir() or b"secret" not in path.read_bytes()


def test_a_channel_that_is_down_is_named(build: Build, web: Web) -> None:
    web.close()
    with pytest.raises(ChannelError, match=web.url.removeprefix("http://")):
        build.fetch()


def test_a_channel_that_wants_a_login_is_recognised(build: Build, web: Web) -> None:
    web.authorization = "Basic unknown"
    with pytest.raises(ChannelError, match="401") as refused:
        build.fetch()
    assert "netrc" in refused.value.remedy


def test_a_package_that_the_channel_lacks_is_named(build: Build, channel: Channel) -> None:
    for path in channel.folder.glob("noarch/repodata.json*"):
        path.write_bytes(path.read_bytes().replace(b'"sudospawner"', b'"other"'))
    (channel.folder / "noarch/repodata.json.zst").unlink()
    with pytest.raises(UnsolvableError, match="sudospawner"):
        build.fetch()
