"""Keys, tiny packages, and the real apt as a client."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.keys import signing_keys
from support.web import Web, serve
from teamhub_build.repository.publishing import Repository
from teamhub_build.repository.signing import export_keys

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


@dataclass
class Client:
    """apt with folders of its own, that knows one source."""

    root: Path
    url: str

    def use(self, distribution: str, keys: list[str], component: str = "main") -> None:
        """Write its only source."""
        for folder in ("state/lists/partial", "cache/archives/partial", "etc/sources.list.d"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        export_keys(keys, self.root / "keyring.gpg")
        (self.root / "etc/sources.list.d/teamhub.sources").write_text(
            f"Types: deb\nURIs: {self.url}\nSuites: {distribution}\nComponents: {component}\n"
            f"Signed-By: {self.root}/keyring.gpg\n"
        )

    def apt(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of apt's."""
        options = {
            "Dir::State": self.root / "state",
            "Dir::State::status": self.root / "status",
            "Dir::Cache": self.root / "cache",
            "Dir::Etc": self.root / "etc",
            "Dir::Log": self.root,
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            # what it does by itself, where no file of this machine says otherwise
            "Acquire::Check-Valid-Until": "true",
            "Acquire::Check-Date": "true",
        }
        given = [f"-o{key}={value}" for key, value in options.items()]
        return subprocess.run(
            [*command[:1], *given, *command[1:]], capture_output=True, text=True, check=False
        )

    def update(self) -> str:
        """What `apt-get update` says that is no news; empty when all is well."""
        done = self.apt("apt-get", "update")
        said = [
            line
            for line in (done.stdout + done.stderr).splitlines()
            if line.startswith(("W:", "E:", "N:"))
        ]
        return "\n".join(said) or ("" if done.returncode == 0 else f"exit {done.returncode}")

    def versions(self, name: str = "teamhub") -> list[str]:
        """The versions that it could install, the newest first."""
        lines = self.apt("apt-cache", "madison", name).stdout.splitlines()
        return [line.split("|")[1].strip() for line in lines]


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
