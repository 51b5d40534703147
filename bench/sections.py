"""The sections of the measurements, in their order, and the servers that they share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report import Row
    from bench.server import BenchServer, Inputs
    from support.container import BootedServer
    from support.installation import Installation, Target


@dataclass(frozen=True)
class Asked:
    """What a section needs to know."""

    target: Target
    inputs: Inputs
    work: Path
    people: list[int]
    rounds: int
    quick: bool


@dataclass(frozen=True)
class Section:
    """What is measured together, and how that is said."""

    title: str
    explanation: str
    measure: Callable[[Asked, Servers], list[Row]]


class Servers:
    """At most one booted server, which goes on from section to section that want the same."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._stack = contextlib.ExitStack()
        self._bare: BenchServer | None = None
        self._installed: tuple[BootedServer, Installation] | None = None
        self._installation: Installation | None = None

    def close(self) -> None:
        """Shut down what runs."""
        self._stack.close()
        self._bare = self._installed = None

    def bare(self) -> BenchServer:
        """A server with all that teamhub depends on, on a disk of its own."""
        from bench import server

        if self._bare is None:
            self.close()
            booted = server.boot(self._asked.target, self._asked.inputs, self._asked.work / "bare")
            self._bare = self._stack.enter_context(booted)
        return self._bare

    def installed(self) -> tuple[BootedServer, Installation]:
        """A server with teamhub, which serves."""
        if self._installed is None:
            self.close()
            self._installed = self._boot_installed()
        return self._installed

    def _boot_installed(self) -> tuple[BootedServer, Installation]:
        from support.installation import boot_installed, install
        from support.network import NameServer

        work = self._asked.work
        if self._installation is None:
            self._installation = install(self._asked.target, work / "server", NameServer())
        booted = boot_installed(self._installation, work / "booted")
        return self._stack.enter_context(booted), self._installation


def building(asked: Asked, servers: Servers) -> list[Row]:
    """On this machine, while nothing else runs."""
    from bench import building

    servers.close()
    return building.measure(
        asked.target.suite,
        asked.inputs.wheels,
        asked.work / "building",
        asked.rounds,
        quick=asked.quick,
    )


def environment(asked: Asked, servers: Servers) -> list[Row]:
    """A first installation."""
    from bench import environment

    return environment.measure(servers.bare(), asked.rounds)


def generation(asked: Asked, servers: Servers) -> list[Row]:
    """The next generation."""
    from bench import next_generation

    return next_generation.measure(servers.bare(), asked.rounds)


def upgrade(asked: Asked, servers: Servers) -> list[Row]:
    """The next release."""
    from bench import upgrade

    target = asked.target
    return upgrade.measure(servers.bare(), target.suite, target.package, asked.rounds)


def first_page(asked: Asked, servers: Servers) -> list[Row]:
    """A plain Debian server becomes a hub."""
    from bench import first_page

    servers.close()
    return first_page.measure(asked.target, asked.work / "first-page", asked.rounds)


def serving(asked: Asked, servers: Servers) -> list[Row]:
    """Two hubs, side by side."""
    from bench import serving

    server, installation = servers.installed()
    return serving.measure(server, installation, asked.rounds)


def crowd(asked: Asked, servers: Servers) -> list[Row]:
    """Two hubs on one server, and one crowd after the other."""
    from bench import crowd

    server, installation = servers.installed()
    return crowd.measure(server, installation, asked.rounds)


def reconfigure(asked: Asked, servers: Servers) -> list[Row]:
    """Reconfiguration with many people."""
    from bench import reconfigure

    server, _ = servers.installed()
    return reconfigure.measure(server, asked.people, asked.rounds)


SECTIONS = {
    "build": Section(
        "Building the package",
        "Seconds on the build machine, without a network, all inputs fetched before. The peer "
        "packs the same wheels, and keeps nothing between builds.",
        building,
    ),
    "environment": Section(
        "Installing the environment",
        "On a booted server that has all dependencies, from warm caches, with what is written on "
        "the disk at the end (its own ext4). The peers install the same wheels; the floors write "
        "the same files and do nothing else.",
        environment,
    ),
    "generation": Section(
        "A second generation with one changed package",
        "The team's channel gets a new version of a package of 1 MB in 40 files. The peers keep "
        "the old environment too, each in its way.",
        generation,
    ),
    "upgrade": Section(
        "An upgrade with one changed package",
        "From release to release, the same change in each. teamhub's includes the checks and the "
        "restart of the hub; people's servers go on with the files that they have.",
        upgrade,
    ),
    "first-page": Section(
        "From apt install to the login page",
        "On a plain Debian server that has read apt's index; packages come from a mirror beside "
        "it.",
        first_page,
    ),
    "serving": Section(
        "What a person waits for, and takes",
        "Two hubs on one booted server, from the same packages: teamhub, and JupyterHub as root "
        "with LocalProcessSpawner and without TLS, as recipes have it.",
        serving,
    ),
    "crowd": Section(
        "A class begins",
        "50 people log in within 10 seconds and start their servers, while 500 requests for the "
        "login page come from others. The two hubs of the section before, one after the other; the "
        "browsers' side runs on the same two processors.",
        crowd,
    ),
    "reconfigure": Section(
        "Reconfiguration",
        "What the size of the team costs. The peer is a loop by hand over adduser.",
        reconfigure,
    ),
}

#: Those that install or build the .deb of dh-virtualenv's.
BESIDE_VIRTUALENV = frozenset({"build", "environment", "generation", "upgrade"})
#: Those that install what Debian's own hub takes, or what measures requests.
BESIDE_DEBIANS = frozenset({"first-page", "serving"})
#: Those that take a minute or two.
QUICK = ("first-page", "serving", "reconfigure")
