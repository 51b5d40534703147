"""Installing the environment, compared with its floor and with the ways that others take.

The floor is a plain `tar -x` of the same tree, which no installation can be faster than.  The peers
get the same wheels.  Everything runs on one booted server, one after the other in each round, each
round beginning with another, from warm caches: the package has just been downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import virtualenv
from bench.cost import Cost
from bench.report import Limit, Row
from bench.server import FOLDER, BenchServer, Way
from teamhub.environment.store.prune import disk_bytes

#: What the postinst does for the environment, when no conffile is in place yet.
APPLY = """\
import sys
sys.path.insert(0, "/usr/lib/teamhub")
from teamhub.environment import apply
apply.ensure_current(print{})
"""
CHECKED, UNCHECKED = APPLY.format(""), APPLY.format(", checks=()")
SYNC = "sync --file-system"
#: What any of the ways fills.
FOLDERS = (
    "/opt/teamhub",
    "/opt/bench-venv",
    "/opt/venvs",
    "/usr/share/teamhub",
    "/usr/lib/teamhub",
)
TREE = "/opt/bench-tree"
VENV = "/opt/bench-venv"
OFFLINE = (
    f"--no-index --no-deps --find-links {FOLDER}/wheels --requirement {FOLDER}/requirements.txt"
)
PURGE = "dpkg --purge teamhub"

#: The tree once more, to be copied.
SOURCE = "/opt/bench-source"
EMPTY_CONTROL = """\
Package: teamhub-empty
Version: 1
Architecture: all
Maintainer: teamhub <root@localhost>
Description: nothing
 A peer to compare teamhub with.
"""

DEB = f"{FOLDER}/teamhub.deb"
EMPTY_DEB = f"{FOLDER}/empty.deb"
TAR_FILE = f"{FOLDER}/tree.tar"
VENV_DEB = f"{FOLDER}/{virtualenv.NAME}.deb"
WHEELS = (f"{FOLDER}/wheels",)

WHOLE = Way("dpkg -i of teamhub", f"dpkg -i {DEB}", PURGE, (DEB,))
STEP = Way(
    "unpacking, and making the environment",
    f"dpkg --unpack {DEB}; /usr/bin/python3 -c '{CHECKED}'",
    PURGE,
    (DEB,),
)
STEP_UNCHECKED = Way(
    "the same without the generation's check",
    f"dpkg --unpack {DEB}; /usr/bin/python3 -c '{UNCHECKED}'",
    PURGE,
    (DEB,),
)
TAR = Way(
    "tar -x",
    f"mkdir {TREE}; tar -xf {TAR_FILE} -C {TREE}; {SYNC} {TREE}",
    f"rm -rf {TREE}",
    (TAR_FILE,),
)
VIRTUALENV = Way(
    "dpkg -i of dh-virtualenv's .deb",
    f"dpkg -i {VENV_DEB}",
    f"dpkg --purge {virtualenv.NAME}",
    (VENV_DEB,),
)
PIP = Way(
    "pip install",
    f"python3 -m venv {VENV}; {VENV}/bin/pip install --quiet {OFFLINE}; {SYNC} {VENV}",
    f"rm -rf {VENV}",
    WHEELS,
)
UV = Way(
    "uv pip install",
    f"{FOLDER}/uv venv --quiet {VENV}; {FOLDER}/uv pip install --quiet --compile-bytecode "
    f"--python {VENV} --cache-dir /opt/bench-uv {OFFLINE}; {SYNC} {VENV}",
    f"rm -rf {VENV} /opt/bench-uv",
    WHEELS,
)
COPY = Way(
    "cp -a",
    f"cp --archive {SOURCE} {TREE}; {SYNC} {TREE}",
    f"rm -rf {TREE}",
    (SOURCE,),
)
EMPTY = Way(
    "dpkg -i of an empty .deb", f"dpkg -i {EMPTY_DEB}", "dpkg --purge teamhub-empty", (EMPTY_DEB,)
)
WAYS = (TAR, WHOLE, COPY, VIRTUALENV, STEP, EMPTY, PIP, STEP_UNCHECKED, UV)

FLOOR_IS = "tar -x of the same tree"
COPY_IS = "cp -a of the same tree"
EMPTY_IS = "dpkg -i of an empty .deb"
VIRTUALENV_IS = "dpkg -i, dh-virtualenv"
PIP_IS = "pip install, with bytecode"
UV_IS = "uv pip install, with bytecode"

WHY_FLOOR = "a floor: it writes files, and neither checks them nor starts a hub"
WHY_VIRTUALENV = (
    "all of it runs a cell in a kernel, makes accounts and a certificate, starts a hub and waits "
    "for it, each with one processor busy; the peer writes files and compiles them"
)
WHY_UV = (
    "wheels are unpacked in parallel, and nothing is checked, signed in by dpkg or started; the "
    "generation's check and the start of the hub are what ours does more"
)
WHY_PURGE = (
    "it stops the hub and the proxy and people's servers, and asks debconf; the files alone go as "
    "fast"
)
WHY_MEMORY = (
    "packages are unpacked side by side, and a hub and a kernel are started to see that they do; "
    "one after the other would take less memory and more time"
)
WHY_DISK = (
    "the packages stay on the disk as they came (/usr/share/teamhub), so that environments are "
    "made and gone back to without a network; dpkg could leave them out after each installation"
)


def measure(bench: BenchServer, rounds: int) -> list[Row]:
    """Seconds, memory and size of a first installation."""
    make_floors(bench)
    costs: dict[str, list[Cost]] = {way.name: [] for way in WAYS}
    undone: dict[str, list[Cost]] = {way.name: [] for way in WAYS}
    disk: dict[str, float] = {}
    for number in range(rounds):
        start = number % len(WAYS)
        for way in (*WAYS[start:], *WAYS[:start]):
            costs[way.name].append(bench.measure(way))
            disk[way.name] = disk_mb(bench)
            undone[way.name].append(bench.undo(way))
    bench.shell(f"rm -r {SOURCE}")
    return [
        *installation_rows(costs),
        removal_row(undone),
        *memory_rows(costs),
        *disk_rows(disk),
        size_row(bench),
    ]


def make_floors(bench: BenchServer) -> None:
    """Write what the floors unpack, copy and install: both prefixes of a generation, or nothing."""
    bench.measure(STEP_UNCHECKED)
    bench.shell(f"tar -cf {TAR_FILE} -C /opt/teamhub/current/ hub user")
    bench.undo(STEP_UNCHECKED)
    bench.shell(f"mkdir {SOURCE}; tar -xf {TAR_FILE} -C {SOURCE}")
    bench.shell(f"mkdir -p {FOLDER}/empty/DEBIAN; cat >{FOLDER}/empty/DEBIAN/control",
                given=EMPTY_CONTROL)  # fmt: skip
    bench.shell(f"dpkg-deb --build {FOLDER}/empty {EMPTY_DEB}; rm -r {FOLDER}/empty")


def installation_rows(costs: Mapping[str, Sequence[Cost]]) -> list[Row]:
    """Seconds, compared with each peer."""
    floor, venv = Limit(times_peer=1.5), Limit(times_peer=1 / 3)
    rows = []
    for peer, peer_is, limit, why in (
        (TAR, FLOOR_IS, floor, WHY_FLOOR),
        (COPY, COPY_IS, None, WHY_FLOOR),
        (VIRTUALENV, VIRTUALENV_IS, venv, WHY_VIRTUALENV),
        (PIP, PIP_IS, None, ""),
        (UV, UV_IS, None, WHY_UV),
    ):
        for way in (WHOLE, STEP, STEP_UNCHECKED):
            pairs = seconds(costs[way.name], costs[peer.name])
            rows.append(Row(way.name, peer_is, pairs, limit=limit, why=why))
    pairs = seconds(costs[WHOLE.name], costs[EMPTY.name])
    rows.append(Row(WHOLE.name, EMPTY_IS, pairs, why=WHY_FLOOR))
    return rows


def removal_row(undone: Mapping[str, Sequence[Cost]]) -> Row:
    """Seconds of taking it all away again."""
    pairs = seconds(undone[WHOLE.name], undone[VIRTUALENV.name])
    return Row("dpkg --purge", "dpkg --purge, dh-virtualenv", pairs,
               limit=Limit(times_peer=1 / 3), why=WHY_PURGE)  # fmt: skip


def memory_rows(costs: Mapping[str, Sequence[Cost]]) -> list[Row]:
    """The most memory that an installation takes."""
    rows = []
    for peer, peer_is in ((VIRTUALENV, VIRTUALENV_IS), (PIP, PIP_IS), (UV, UV_IS)):
        together = [
            (ours.together_mb, theirs.together_mb)
            for ours, theirs in zip(costs[WHOLE.name], costs[peer.name], strict=True)
        ]
        largest = [
            (ours.largest_mb, theirs.largest_mb)
            for ours, theirs in zip(costs[WHOLE.name], costs[peer.name], strict=True)
        ]
        limit = Limit(most=300)
        rows.append(Row("memory of all its processes", peer_is, together, "MB", limit, WHY_MEMORY))
        rows.append(Row("memory of its largest process", peer_is, largest, "MB", limit, WHY_MEMORY))
    return rows


def disk_mb(bench: BenchServer) -> float:
    """What the way that has just been gone takes."""
    there = filter(Path.exists, map(bench.path, FOLDERS))
    return sum(map(disk_bytes, there)) / 1e6


def disk_rows(disk: Mapping[str, float]) -> list[Row]:
    """What is on the disk afterwards."""
    return [
        Row("disk that it takes", peer_is, [(disk[WHOLE.name], disk[way.name])], "MB", why=WHY_DISK)
        for way, peer_is in ((VIRTUALENV, VIRTUALENV_IS), (PIP, PIP_IS), (UV, UV_IS))
    ]


def size_row(bench: BenchServer) -> Row:
    """The size of the package."""
    ours, peer = (bench.path(deb).stat().st_size / 1e6 for deb in (DEB, VENV_DEB))
    return Row("size of the .deb", "dh-virtualenv's .deb", [(ours, peer)], "MB", Limit(most=160))


def seconds(ours: Sequence[Cost], peer: Sequence[Cost]) -> list[tuple[float, float]]:
    """The seconds of each round."""
    return [(own.seconds, its.seconds) for own, its in zip(ours, peer, strict=True)]
