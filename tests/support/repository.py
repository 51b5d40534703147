"""A repository of packages as `build.py publish` makes it, over HTTP, for a server's apt."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from support.container import BootedServer
from support.network import WebServer
from teamhub_build.repository.signing import export_keys

PORT = 8091
KEYRING = "/etc/apt/keyrings/teamhub.gpg"
BUILD = Path("build.py").resolve()


class Repository:
    """Packages, and the signed index that apt reads."""

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self.folder = folder
        self._keys = keys
        self._web = WebServer(folder, PORT)
        self.url = self._web.url

    def publish(self, *arguments: str | Path) -> str:
        """What `build.py publish` prints with these arguments."""
        keys = [f"--key={key}" for key in self._keys]
        return subprocess.run(
            [sys.executable, BUILD, "publish", f"--repo={self.folder}", *keys, *arguments],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def use(self, server: BootedServer, distribution: str) -> None:
        """Have a server's apt read it, and trust its keys."""
        export_keys(self._keys, server.root / KEYRING.lstrip("/"))
        source = (
            f"Types: deb\nURIs: {self.url}\nSuites: {distribution}\nComponents: main\n"
            f"Signed-By: {KEYRING}\n"
        )
        server.run("tee", "/etc/apt/sources.list.d/teamhub.sources", given=source)

    def close(self) -> None:
        """Serve it no more."""
        self._web.close()
