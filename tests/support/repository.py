"""A repository of packages over HTTP, for a server's apt."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from support.container import BootedServer
from support.network import WebServer

PORT = 8091


class Repository:
    """Packages, and the index that apt reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._web = WebServer(folder, PORT)

    def publish(self, package: Path) -> None:
        """Add a package."""
        shutil.move(package, self._folder)
        for kind in ("packages", "release"):
            made = subprocess.run(
                ["apt-ftparchive", kind, "."], cwd=self._folder, check=True, capture_output=True
            )
            (self._folder / kind.capitalize()).write_bytes(made.stdout)

    def use(self, server: BootedServer) -> None:
        """Have a server's apt read it."""
        line = f"deb [trusted=yes] {self._web.url} ./\n"
        server.run("tee", "/etc/apt/sources.list.d/repository.list", given=line)

    def close(self) -> None:
        """Serve it no more."""
        self._web.close()
