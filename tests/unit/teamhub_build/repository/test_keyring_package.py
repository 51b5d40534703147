"""The package that tells servers where the repository is, built for real."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from teamhub_build.progress import Progress
from teamhub_build.repository.keyring_package import BadAddress, write_keyring_packages
from teamhub_build.repository.signing import SigningError
from teamhub_build.suites import SUITES
from teamhub_build.workspace import Workspace

CHECKOUT = Path(__file__).parents[4]
URL = "https://apt.example.org/teamhub/"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A checkout of its own."""
    for name in ("LICENSE", "debian"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    return Workspace(tmp_path)


def test_each_debian_gets_its_own_source(
    workspace: Workspace, keys: list[str], tmp_path: Path
) -> None:
    built = write_keyring_packages(workspace, keys, URL, "canary", progress=Progress())
    for package, codename in zip(built, SUITES, strict=True):
        # not the name of the one for stable servers, next to which it lies in the pool
        assert f"+canary~deb{SUITES[codename].release}_all.deb" in package.name
        tree = tmp_path / codename
        subprocess.run(["dpkg-deb", "--extract", package, tree], check=True)
        source = (tree / "etc/apt/sources.list.d/teamhub.sources").read_text("utf-8")
        assert f"URIs: {URL}\nSuites: {codename}-canary\nComponents: main\n" in source
        keyring = tree / "usr/share/keyrings/teamhub-archive-keyring.gpg"
        assert f"Signed-By: /{keyring.relative_to(tree)}\n" in source
        shown = subprocess.run(
            ["gpg", "--batch", "--with-colons", "--show-keys", keyring],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert [line.split(":")[9] for line in shown.splitlines() if line[:4] == "fpr:"] == keys
        assert "sec:" not in shown


@pytest.mark.parametrize(
    "url", ["apt.example.org", "https://apt.example.org/ main", "https://a\nb"]
)
def test_an_address_that_apt_cannot_read_is_refused(
    workspace: Workspace, keys: list[str], url: str
) -> None:
    with pytest.raises(BadAddress, match="is no address"):
        write_keyring_packages(workspace, keys, url, "stable", progress=Progress())


def test_an_unknown_key_is_refused_by_name(workspace: Workspace, keys: list[str]) -> None:
    assert "nobody" not in keys
    with pytest.raises(SigningError, match="nobody"):
        write_keyring_packages(workspace, ["nobody"], URL, "stable", progress=Progress())
