"""What an admin does to the environment on a booted server, and what comes of it."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from support.conda_channel import Channel
from support.container import BootedServer
from support.network import WebServer
from support.python_packages import make_sdist
from teamhub_build.suites import SUITES

CHANNEL_PORT = 8090
#: Where a server's pip looks for packages; there is no index in the tests' network.
WHEELS = "/srv/wheels"
PIP_CONF = f"[global]\nno-index = true\nfind-links = {WHEELS}\n"


def env(server: BootedServer, *arguments: str, check: bool = True) -> str:
    """What `teamhub env` prints, to stdout and to stderr."""
    done = server.run("teamhub", "env", *arguments, check=check)
    return done.stdout + done.stderr


def history(server: BootedServer) -> list[dict[str, Any]]:
    """The rows of `teamhub env history`."""
    rows: list[dict[str, Any]] = json.loads(env(server, "history", "--json"))
    return rows


def current(server: BootedServer) -> str:
    """The folder of the current generation."""
    return server.output("readlink", "--canonicalize", "/opt/teamhub/current")


def generations(server: BootedServer) -> set[str]:
    """The names of all generations, also of unfinished ones."""
    return set(server.output("ls", "-A", "/opt/teamhub/generations").split())


def team_file(server: BootedServer) -> str:
    """What environment.yml says."""
    return server.output("cat", "/etc/teamhub/environment.yml")


def imports(server: BootedServer, module: str) -> bool:
    """Whether a new process finds a module in the current environment."""
    python = "/opt/teamhub/current/user/bin/python3"
    return server.as_user("wash", python, "-s", "-c", f"import {module}").returncode == 0


def is_as_it_was_made(server: BootedServer) -> bool:
    """Whether every file of the current environment is what was installed.

    Raises AssertionError with those that are not.
    """
    return "is as it was made" in env(server, "verify")


class TeamChannel(Channel):
    """A channel of the team's own, which servers reach over HTTP."""

    def __init__(self, folder: Path, suite: str) -> None:
        super().__init__(folder)
        self._packages = f"lib/python{SUITES[suite].python}/site-packages"
        self._web = WebServer(folder, CHANNEL_PORT)

    @property
    def url(self) -> str:
        return self._web.url

    def add_python(self, name: str, version: str = "1.0") -> Path:
        """Add a Python package, with a module `late` that says its version."""
        folder = f"{self._packages}/{name}"
        files = {f"{folder}/__init__.py": "", f"{folder}/late.py": f"VERSION = {version!r}\n"}
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        files[f"{folder}-{version}.dist-info/METADATA"] = metadata
        return self.add(name, version, files=files)

    def add_pure(self, name: str, files: Mapping[str, str]) -> Path:
        """Add a pure Python package as conda-forge has them: without bytecode."""
        return self.add(
            name,
            depends=("python",),
            files={f"site-packages/{path}": text for path, text in files.items()},
            noarch="python",
        )

    def close(self) -> None:
        """Serve it no more."""
        self._web.close()


class Wheels:
    """The wheels that a server's pip finds."""

    def __init__(self, server: BootedServer) -> None:
        self._folder = server.root / WHEELS.lstrip("/")
        self._folder.mkdir(parents=True)
        server.run("tee", "/etc/pip.conf", given=PIP_CONF)

    def make(self, name: str, version: str) -> None:
        """Add a wheel with one module that says its version."""
        info = f"{name}-{version}.dist-info"
        content = {
            f"{name}.py": f"VERSION = {version!r}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        digests = {
            path: urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            for path, text in content.items()
        }
        record = "".join(f"{path},sha256={digest},\n" for path, digest in digests.items())
        content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
        with zipfile.ZipFile(self._folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            for path, text in content.items():
                wheel.writestr(path, text)

    def make_sdist(self, name: str, attempts: Iterable[str]) -> None:
        """Add an sdist, whose code tries to write to these paths when it is built."""
        make_sdist(self._folder, name, attempts)

    def copy(self, wheels: Iterable[Path]) -> None:
        """Add wheels as the world has them."""
        for wheel in wheels:
            shutil.copy(wheel, self._folder)
