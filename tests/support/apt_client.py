"""The real apt, as the client of a repository of the team's."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.repository.signing import export_keys


@dataclass
class Client:
    """apt with folders of its own, that knows one source."""

    root: Path
    url: str

    def use(self, distribution: str, keys: Sequence[str], component: str = "main") -> None:
        """Write its only source."""
        for folder in ("state/lists/partial", "cache/archives/partial", "etc/sources.list.d"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        export_keys(keys, self.root / "keyring.gpg")
        (self.root / "etc/sources.list.d/teamhub.sources").write_text(
            f"Types: deb\nURIs: {self.url}\nSuites: {distribution}\nComponents: {component}\n"
            f"Signed-By: {self.root}/keyring.gpg\n"
        )

    def apt(self, *command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of apt's, in a folder if that matters."""
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
            [*command[:1], *given, *command[1:]],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
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

    def download(self, package: str, folder: Path) -> None:
        """Fetch NAME=VERSION.  Raises AssertionError if it is not what the index says."""
        folder.mkdir(parents=True)
        done = self.apt("apt-get", "download", package, folder=folder)
        assert done.returncode == 0, done.stderr
