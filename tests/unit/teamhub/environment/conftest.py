"""A server's environments as small as can be: real packages, real channels, real prefixes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from support.conda_channel import Channel
from support.web import Web, serve
from teamhub.environment import apply, pip_packages
from teamhub.environment.by_hand import changes
from teamhub.environment.by_hand.changes import Changes
from teamhub.environment.store import generations, manifest
from teamhub.environment.store.layout import Layout
from teamhub.environment.store.manifest import PipPackage
from teamhub.environment.store.state import State, read_state
from teamhub_build.lock import write_lock
from teamhub_build.suites import machine_suite
from teamhub_shared import CHANNEL_DIR

#: What the package ships: the hub's environment, and what people have.
SPECS = {"hub": ["jupyterhub"], "user": ["jupyterhub", "library"]}

#: Installs next to what is there: the arguments are the prefix, two channels, a spec, a cache.
CONDA_INSTALL = """\
import asyncio, os, sys
from pathlib import Path
from rattler import MatchSpec, PrefixRecord, install, solve

prefix, embedded, channel, spec, cache = sys.argv[1:6]

async def main():
    there = [PrefixRecord.from_path(path) for path in Path(prefix, "conda-meta").glob("*.json")]
    names = {record.name.normalized for record in there}
    kept = sorted(names - {MatchSpec(spec).name.normalized})
    records = await solve([channel, embedded], [spec, *kept], locked_packages=there)
    noted = [MatchSpec(spec)._match_spec] if "noted" in sys.argv else None
    await install(records, prefix, cache_dir=cache, show_progress=False, requested_specs=noted)

asyncio.run(main())
os._exit(0)
"""


class Server:
    """One server: its layout, and the steps that a test takes on it."""

    def __init__(self, folder: Path, embedded: Channel) -> None:
        self.embedded = embedded
        self.layout = Layout(
            root=folder / "opt",
            channel=folder / "shipped",
            bill=folder / "teamhub.cdx.json",
            team_file=folder / "environment.yml",
            network_file=folder / "rattler.toml",
        )
        self.said: list[str] = []

    def ship(self) -> None:
        """Put the package's lock and channel there, as dpkg does: of what `embedded` has now."""
        write_lock(
            self.embedded.folder,
            self.layout.channel,
            specs=SPECS,
            suite=machine_suite(),
            channel_url=CHANNEL_DIR.as_uri(),
        )
        own_code = {"purl": "pkg:pypi/py-rattler@0.28.0"}
        self.layout.bill.write_text(json.dumps({"components": [own_code]}))

    def configure(self) -> None:
        """What the postinst does."""
        apply.ensure_current(self.said.append, self.layout, checks=())

    def ask(self, *specs: str, channels: Sequence[str] = ()) -> None:
        """Write environment.yml."""
        lines = ["channels:", *(f"  - {url}" for url in channels), "dependencies:"]
        lines += [f"  - {spec}" for spec in specs]
        self.layout.team_file.write_text("\n".join(lines) + "\n", "utf-8")

    def apply(self, *, update: bool = False, discard: bool = False) -> Path:
        """`teamhub env apply`."""
        request = apply.Request(update=update, discard=discard)
        return apply.apply(request, self.said.append, self.layout, checks=()).path

    def generations(self) -> list[str]:
        """The names of all generations, also of unfinished ones."""
        return [path.name for path in self.layout.generations.iterdir()]

    def add(self, edit: Callable[[str], str]) -> None:
        """`teamhub env add`."""
        apply.apply(apply.Request(), self.said.append, self.layout, edit=edit, checks=())

    def roll_back(self, name: str | None = None) -> None:
        """`teamhub env rollback`."""
        apply.rollback(name, self.said.append, self.layout)

    def changed_by_hand(self, path: Path | None = None) -> Changes:
        """`teamhub env verify`, of the current generation or of the one in a folder."""
        return changes.find(generations.read(path or self.current), thorough=True)

    def install_with_conda(self, channel: Channel, spec: str, *, noted: bool = False) -> None:
        """Have rattler put a package into the current prefix, as conda would.

        `noted`: its record says that it was asked for, as those of new versions of conda do.
        """
        arguments = [
            str(self.current / "user"),
            self.layout.channel.as_uri(),
            channel.url,
            spec,
            str(self.layout.root.parent / "other-cache"),
            *(["noted"] if noted else []),
        ]
        subprocess.run([sys.executable, "-c", CONDA_INSTALL, *arguments], check=True)

    @property
    def state(self) -> State:
        """All generations as they are now."""
        return read_state(self.layout)

    @property
    def current(self) -> Path:
        """The folder of the current generation."""
        found = generations.current(self.layout)
        assert found is not None
        return found

    @property
    def number(self) -> int:
        return manifest.read(self.current).number

    def version(self, name: str, environment: str = "user") -> str | None:
        """The version of a package that people have now; None where they do not have it."""
        file = self.current / environment / "share" / name / "version"
        return file.read_text() if file.exists() else None


class Pip:
    """pip, with one prefix."""

    def __init__(self, prefix: Path, layout: Layout) -> None:
        self.prefix, self.layout = prefix, layout
        self.said: list[str] = []

    def install(self, *wanted: str, before: Sequence[PipPackage] = ()) -> tuple[PipPackage, ...]:
        """Install what a list of the team's asks for."""
        return pip_packages.install(self.prefix, wanted, before, self.layout, self.said.append)

    @property
    def versions(self) -> dict[str, str]:
        """The Python packages of the prefix."""
        return dict(pip_packages.distributions(self.prefix).values())

    @property
    def modules(self) -> Path:
        """The folder of its packages."""
        (found,) = self.prefix.glob("lib/python3*/site-packages")
        return found


@pytest.fixture
def embedded(tmp_path: Path) -> Channel:
    """What the build machine has: the packages that ship."""
    channel = Channel(tmp_path / "embedded")
    channel.add("jupyterhub", "6.1.1")
    channel.add("library", "2.0")
    return channel


@pytest.fixture
def other(tmp_path: Path) -> Channel:
    """A channel that the team names."""
    channel = Channel(tmp_path / "other")
    channel.add("extra", depends=["library >=2"])
    channel.add("jupyterhub", "7.0")
    return channel


@pytest.fixture
def server(tmp_path: Path, embedded: Channel) -> Server:
    """A server after the package's installation."""
    made = Server(tmp_path, embedded)
    made.ship()
    made.configure()
    made.said.clear()
    return made


@pytest.fixture
def web(other: Channel) -> Iterator[Web]:
    """The team's channel, over HTTP."""
    with serve(other.folder) as made:
        yield made


@pytest.fixture
def two(server: Server, other: Channel) -> Server:
    """A server with two generations, of which the second has a package of the team's."""
    server.ask("extra", channels=[other.url])
    server.apply()
    server.said.clear()
    return server


def repair(server: Server) -> None:
    """`teamhub env repair`."""
    apply.repair_all(server.said.append, server.layout)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix with Python and pip."""
    prefix = tmp_path_factory.mktemp("pristine") / "user"
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    return prefix


@pytest.fixture
def prefix(pristine: Path, reachable: Path) -> Path:
    """The same for one test, in a folder of its own as in a generation."""
    made = reachable / "generation/user"
    shutil.copytree(pristine, made, symlinks=True)
    return made


@pytest.fixture
def layout(reachable: Path, tmp_path: Path) -> Layout:
    (reachable / "opt").mkdir()
    return Layout(root=reachable / "opt", team_file=tmp_path / "environment.yml")


@pytest.fixture
def pip(prefix: Path, layout: Layout) -> Pip:
    return Pip(prefix, layout)


@pytest.fixture
def wheels(reachable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the admin's pip.conf has pip look; there is no index.

    Only root can read that pip.conf.
    """
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    folder = reachable / "wheels"
    folder.mkdir()
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\nno-index = true\nfind-links = {folder}\n")
    config.chmod(0o600)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    return folder
