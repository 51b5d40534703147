"""An upgrade with one changed package, from release to release, compared with the peers' ways.

Each release has another version of a package of 1 MB in 40 files.  What teamhub's `dpkg -i` does
beside: a new generation, its check, the configuration's and the database's, a restart of the hub.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from bench import virtualenv
from bench.cost import Cost
from bench.environment import OFFLINE, SYNC, UV, VENV, VENV_DEB, VIRTUALENV_IS, WHOLE, seconds
from bench.next_generation import CHANGED, modules, write_wheel
from bench.report import Limit, Row
from bench.server import FOLDER, BenchServer, Way
from support.next_version import LATER, Change, write_version

OURS, VIRTUALENV = "dpkg -i of the next version", "dpkg -i of dh-virtualenv's next"
PIP, UV_PIP = "pip install into the venv", "uv pip install into the venv"
IN_PLACE = "; it changes files under running kernels, and nothing goes back"
WHY_PIP = "it replaces one package and checks nothing" + IN_PLACE
WHY_BYTES = (
    "a .deb brings all its packages again, which dpkg writes: the same for dh-virtualenv's; a "
    "second .deb with the packages alone could be skipped when they are the same"
)


def measure(bench: BenchServer, suite: str, package: Path, rounds: int) -> list[Row]:
    """Seconds of an upgrade, and what it writes."""
    releases = rounds + 1
    for number in range(1, releases + 1):
        write_releases(bench, suite, package, number)
    for way in ways(1):
        bench.measure(way)
    costs: dict[str, list[Cost]] = {}
    for number in range(rounds):
        round_ways = ways(2 + number)
        start = number % len(round_ways)
        for way in (*round_ways[start:], *round_ways[:start]):
            costs.setdefault(way.name, []).append(bench.measure(way))
    bench.undo(WHOLE)
    bench.shell(f"dpkg --purge {virtualenv.NAME}; rm -r {VENV} {VENV}-uv {FOLDER}/release-*")
    return [*time_rows(costs), *written_rows(costs)]


def write_releases(bench: BenchServer, suite: str, package: Path, number: int) -> None:
    """Write what each way installs of a release."""
    content = dict(modules(number))
    folder = bench.path(release(number))
    folder.mkdir()
    change = Change(f"{LATER}.{number}", package=CHANGED, files=content)
    write_version(package, suite, change, folder).rename(folder / "teamhub.deb")
    for left in folder.glob("channel-with-*"):
        shutil.rmtree(left)
    virtualenv.write_version(bench.path(VENV_DEB), number, content, folder / "virtualenv.deb")
    write_wheel(folder, number, content)


def release(number: int) -> str:
    """The folder of a release, as the server sees it."""
    return f"{FOLDER}/release-{number}"


def ways(number: int) -> list[Way]:
    """The ways to a release from the one before; from nothing to the first."""
    folder = release(number)
    wheel = f"--no-index --no-deps --find-links {folder} {CHANGED}=={number}"
    pip = f"{VENV}/bin/pip install --quiet {wheel}"
    uv = f"{FOLDER}/uv pip install --quiet --compile-bytecode --python {VENV}-uv {wheel}"
    if number == 1:
        pip = f"python3 -m venv {VENV}; {VENV}/bin/pip install --quiet {OFFLINE}; {pip}"
        uv = f"{UV.command.replace(VENV, f'{VENV}-uv')}; {uv}"
    return [
        Way(OURS, f"dpkg -i {folder}/teamhub.deb", "true", (f"{folder}/teamhub.deb",)),
        Way(VIRTUALENV, f"dpkg -i {folder}/virtualenv.deb", "true", (f"{folder}/virtualenv.deb",)),
        Way(PIP, f"{pip}; {SYNC} {VENV}", "true", (folder,)),
        Way(UV_PIP, f"{uv}; {SYNC} {VENV}-uv", "true", (folder,)),
    ]


def time_rows(costs: dict[str, list[Cost]]) -> list[Row]:
    """Seconds, compared with each peer."""
    ours = costs[OURS]
    return [
        Row(OURS, VIRTUALENV_IS, seconds(ours, costs[VIRTUALENV]), limit=Limit(times_peer=1 / 3)),
        Row(OURS, PIP, seconds(ours, costs[PIP]), why=WHY_PIP),
        Row(OURS, UV_PIP, seconds(ours, costs[UV_PIP]), why=WHY_PIP),
    ]


def written_rows(costs: dict[str, list[Cost]]) -> list[Row]:
    """What reaches the disk."""
    return [
        Row("written to the disk", peer_is, written(costs[OURS], costs[peer]), "MB", why=why)
        for peer, peer_is, why in (
            (VIRTUALENV, VIRTUALENV_IS, ""),
            (PIP, PIP, WHY_BYTES),
            (UV_PIP, UV_PIP, WHY_BYTES),
        )
    ]


def written(ours: list[Cost], peer: list[Cost]) -> list[tuple[float, float]]:
    """The MB of each round."""
    return [(own.written_mb, its.written_mb) for own, its in zip(ours, peer, strict=True)]
