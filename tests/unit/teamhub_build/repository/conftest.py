"""Keys, tiny packages, and what apt reads of them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.apt_client import Client
from support.keys import signing_keys
from support.web import Web, serve
from teamhub_build.repository.publishing import Repository

Deb = Callable[..., Path]


@pytest.fixture(scope="session")
def keys() -> Iterator[list[str]]:
    """Two keys in a keyring of their own, by their fingerprints."""
    with signing_keys(["first", "second"]) as made:
        yield made


@pytest.fixture
def repository(tmp_path: Path, keys: list[str]) -> Repository:
    """A repository that is not there yet."""
    return Repository(tmp_path / "repository", (keys[0],))


@pytest.fixture
def deb(tmp_path: Path) -> Deb:
    """Makes a package with one file."""

    def made(version: str, name: str = "teamhub", content: str = "") -> Path:
        tree = tmp_path / "tree" / f"{name}-{version}-{content}"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n"
            f"Maintainer: nobody <nobody@example.org>\nDescription: {content or 'a test'}\n"
        )
        file = tree.with_name(f"{name}_{version}{content}.deb")
        command = ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(file)]
        subprocess.run(command, check=True, capture_output=True)
        return file

    return made


@pytest.fixture
def web(repository: Repository) -> Iterator[Web]:
    """The repository, served as any web server does."""
    repository.folder.mkdir()
    with serve(repository.folder) as served:
        yield served


@pytest.fixture
def client(tmp_path: Path, web: Web, keys: list[str]) -> Client:
    """A server on Debian 12 that trusts the first key."""
    made = Client(tmp_path / "client", web.url)
    made.use("bookworm", keys[:1])
    return made
