"""A repository of packages as `build.py publish` makes it, over HTTP, for a server's apt."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from support.container import BootedServer
from support.installation import APT
from support.network import WebServer
from teamhub_build.repository.signing import export_keys
from teamhub_build.suites import SUITES

PORT = 8091
KEYRING = "/etc/apt/keyrings/teamhub.gpg"
BUILD = Path("build.py").resolve()


class Repository:
    """Packages, and the signed index that apt reads."""

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self.folder = folder
        self.keys = keys
        self._web = WebServer(folder, PORT)
        self.url = self._web.url

    def publish(self, *arguments: str | Path) -> str:
        """What `build.py publish` prints with these arguments."""
        return self._build("publish", f"--repo={self.folder}", *arguments)

    def write_keyring_package(self, suite: str, output: Path) -> Path:
        """What `build.py keyring` makes for a Debian suite."""
        self._build("keyring", f"--url={self.url}", f"--output={output}")
        (made,) = output.glob(f"teamhub-archive-keyring_*~deb{SUITES[suite].release}_all.deb")
        return made

    def _build(self, action: str, *arguments: str | Path) -> str:
        keys = [f"--key={key}" for key in self.keys]
        command = [sys.executable, BUILD, action, *keys, *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def install(self, package: Path, server: BootedServer) -> None:
        """Install a package as an admin does who has copied it to the server."""
        shutil.copy(package, server.root / "root")
        name = f"/root/{package.name}"
        server.run(*APT, "install", name, DEBIAN_FRONTEND="noninteractive")

    def use(self, server: BootedServer, distribution: str) -> None:
        """Have a server's apt read it, and trust its keys."""
        export_keys(self.keys, server.root / KEYRING.lstrip("/"))
        source = (
            f"Types: deb\nURIs: {self.url}\nSuites: {distribution}\nComponents: main\n"
            f"Signed-By: {KEYRING}\n"
        )
        server.run("tee", "/etc/apt/sources.list.d/teamhub.sources", given=source)

    def close(self) -> None:
        """Serve it no more."""
        self._web.close()
