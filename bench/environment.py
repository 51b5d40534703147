"""Installing the environment, beside its floor and beside the ways that others take.

The floor is a plain `tar -x` of the same tree, which no installation can be faster than.  The peers
get the same wheels.  Everything runs on one booted server, one after the other in each round, each
round beginning with another, from warm caches: the package has just been downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench import virtualenv
from bench.cost import Cost
from bench.report import Limit, Row
from bench.server import FOLDER, BenchServer, Way

#: The environment's step of the postinst without the generation's own check.
UNCHECKED = """\
import sys
sys.path.insert(0, "/usr/lib/teamhub")
from teamhub.environment import apply
apply.ensure_current(print, to_pass=())
"""
SYNC = "sync --file-system"
TREE = "/opt/bench-tree"
VENV = "/opt/bench-venv"
OFFLINE = (
    f"--no-index --no-deps --find-links {FOLDER}/wheels --requirement {FOLDER}/requirements.txt"
)
PURGE = "dpkg --purge teamhub"

DEB = f"{FOLDER}/teamhub.deb"
TAR_FILE = f"{FOLDER}/tree.tar"
VENV_DEB = f"{FOLDER}/{virtualenv.NAME}.deb"
WHEELS = (f"{FOLDER}/wheels",)

WHOLE = Way("dpkg -i of teamhub", f"dpkg -i {DEB}", PURGE, (DEB,))
STEP = Way(
    "unpacking and `teamhub setup environment`",
    f"dpkg --unpack {DEB}; teamhub setup environment",
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
WAYS = (TAR, WHOLE, VIRTUALENV, STEP, PIP, STEP_UNCHECKED, UV)

FLOOR_IS = "tar -x of the same tree"
VIRTUALENV_IS = "dpkg -i, dh-virtualenv"
PIP_IS = "pip install, with bytecode"
UV_IS = "uv pip install, with bytecode"


def measure(bench: BenchServer, rounds: int) -> list[Row]:
    """Seconds, memory and size of a first installation."""
    make_tree(bench)
    costs: dict[str, list[Cost]] = {way.name: [] for way in WAYS}
    undone: dict[str, list[Cost]] = {way.name: [] for way in WAYS}
    for number in range(rounds):
        start = number % len(WAYS)
        for way in (*WAYS[start:], *WAYS[:start]):
            costs[way.name].append(bench.measure(way))
            undone[way.name].append(bench.undo(way))
    return [*installation_rows(costs), removal_row(undone), *memory_rows(costs), size_row(bench)]


def make_tree(bench: BenchServer) -> None:
    """Write the tar file that the floor unpacks: both prefixes of a generation."""
    bench.measure(STEP_UNCHECKED)
    bench.shell(f"tar -cf {TAR_FILE} -C /opt/teamhub/current/ hub user")
    bench.undo(STEP_UNCHECKED)


def installation_rows(costs: Mapping[str, Sequence[Cost]]) -> list[Row]:
    """Seconds, beside each peer."""
    floor, venv = Limit(times_peer=1.5), Limit(times_peer=1 / 3)
    rows = []
    for peer, peer_is, limit in (
        (TAR, FLOOR_IS, floor),
        (VIRTUALENV, VIRTUALENV_IS, venv),
        (PIP, PIP_IS, None),
        (UV, UV_IS, None),
    ):
        for way in (WHOLE, STEP, STEP_UNCHECKED):
            pairs = seconds(costs[way.name], costs[peer.name])
            rows.append(Row(way.name, peer_is, pairs, limit=limit))
    return rows


def removal_row(undone: Mapping[str, Sequence[Cost]]) -> Row:
    """Seconds of taking it all away again."""
    pairs = seconds(undone[WHOLE.name], undone[VIRTUALENV.name])
    return Row("dpkg --purge", "dpkg --purge, dh-virtualenv", pairs)


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
        rows.append(Row("memory of all its processes", peer_is, together, "MB", limit))
        rows.append(Row("memory of its largest process", peer_is, largest, "MB", limit))
    return rows


def size_row(bench: BenchServer) -> Row:
    """The size of the package."""
    ours, peer = (bench.path(deb).stat().st_size / 1e6 for deb in (DEB, VENV_DEB))
    return Row("size of the .deb", "dh-virtualenv's .deb", [(ours, peer)], "MB", Limit(most=160))


def seconds(ours: Sequence[Cost], peer: Sequence[Cost]) -> list[tuple[float, float]]:
    """The seconds of each round."""
    return [(own.seconds, its.seconds) for own, its in zip(ours, peer, strict=True)]
