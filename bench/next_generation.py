"""A second generation with one changed package, compared with other ways of keeping the old one.

The team's channel has a package of 1 MB in 40 files, of which a new version comes; every peer gets
the same as a wheel.  After each round all is as it was after the first installation.
"""

from __future__ import annotations

import base64
import hashlib
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bench import virtualenv
from bench.cost import Cost
from bench.environment import OFFLINE, SYNC, VIRTUALENV, WHOLE, seconds
from bench.report import Limit, Row
from bench.server import FOLDER, BenchServer, Way
from support.conda_channel import Channel
from teamhub.environment.store.prune import disk_bytes

CHANGED = "bench-package"
MODULE = "bench_package"
FILES, BYTES = 40, 25_000
CHANNEL = f"{FOLDER}/channel"

UNCHECKED = """\
import sys
sys.path.insert(0, "/usr/lib/teamhub")
from teamhub.environment import apply
apply.apply(apply.Request(update=True), print, checks=())
"""
BACK = """\
new=$(readlink --canonicalize /opt/teamhub/current)
teamhub env rollback
rm -r "$new"
"""
CHECKED = Way("`teamhub env apply --update`", "teamhub env apply --update", BACK)
NOT_CHECKED = Way(
    "the same without the generation's check", f"/usr/bin/python3 -c '{UNCHECKED}'", BACK
)
UPGRADE = Way("dpkg -i of dh-virtualenv's .deb again", VIRTUALENV.command, "true")
WHY_CHECK = (
    "a kernel that starts and runs a cell takes 1.1 s by itself, and the peer checks nothing; "
    "fewer imports in Jupyter's own start would close it"
)
WHY_SOLVE = (
    "the peer is given its versions; ours solves, links the hub's prefix as well, and writes a "
    "record of each package; one hub prefix for many generations would close a part"
)
WHY_DISK = (
    "conda's record of each package, with the hash of each file, is written again for each prefix; "
    "hardlinking those that did not change would close it"
)
COPY_NAME = "cp -a of the venv, and pip install"
UV_NAME = "a second venv by uv, with hardlinks"


def measure(bench: BenchServer, rounds: int) -> list[Row]:
    """Seconds of the next generation, and what it adds on the disk."""
    channel = first_generation(bench)
    costs: dict[str, list[Cost]] = {}
    disk: dict[str, list[float]] = {}
    for number in range(rounds):
        version = 2 + number
        publish(bench, channel, version)
        ways = (
            (CHECKED, "/opt/teamhub", newest(bench)),
            (uv(version), "/opt/uv", "/opt/uv/1"),
            (NOT_CHECKED, "/opt/teamhub", newest(bench)),
            (copy(version), "/opt/venvs", virtualenv.PREFIX),
            (UPGRADE, "/opt/venvs", virtualenv.PREFIX),
        )
        start = number % len(ways)
        for way, folder, first in (*ways[start:], *ways[:start]):
            before = disk_bytes(bench.path(folder))
            costs.setdefault(way.name, []).append(bench.measure(way))
            added = disk_bytes(bench.path(folder)) - before
            disk.setdefault(way.name, []).append(100 * added / disk_bytes(bench.path(first)))
            bench.undo(way)
    bench.undo(WHOLE)
    bench.undo(VIRTUALENV)
    rows = [
        Row(way.name, peer, seconds(costs[way.name], costs[peer]), limit=Limit(most=1), why=why)
        for way, why in ((CHECKED, WHY_CHECK), (NOT_CHECKED, WHY_SOLVE))
        for peer in (UV_NAME, COPY_NAME, UPGRADE.name)
    ]
    for peer in (UV_NAME, COPY_NAME):
        pairs = list(zip(disk[CHECKED.name], disk[peer], strict=True))
        rows.append(
            Row("disk that it adds, of the first's", peer, pairs, "%", Limit(most=5), WHY_DISK)
        )
    return rows


def first_generation(bench: BenchServer) -> Channel:
    """Install everything once, with the package that will change; return the team's channel."""
    for way in (WHOLE, VIRTUALENV):
        bench.measure(way)
    channel = Channel(bench.path(CHANNEL))
    publish(bench, channel, 1)
    bench.shell(f"teamhub env add {CHANGED} --channel file://{CHANNEL}")
    bench.measure(uv(1))
    return channel


def uv(version: int) -> Way:
    """An environment of uv's, without bytecode, from its cache of unpacked wheels."""
    folder = f"/opt/uv/{version}"
    return Way(
        UV_NAME,
        f"{FOLDER}/uv venv --quiet {folder}; {FOLDER}/uv pip install --quiet --python {folder} "
        f"--cache-dir /opt/uv/cache {OFFLINE} {CHANGED}=={version}; {SYNC} {folder}",
        f"rm -r {folder}",
    )


def copy(version: int) -> Way:
    """A copy of the virtual environment, in which pip then changes the package."""
    folder = f"/opt/venvs/{version}"
    return Way(
        COPY_NAME,
        f"cp --archive {virtualenv.PREFIX} {folder}; {folder}/bin/python -m pip install --quiet "
        f"--no-index --no-deps --find-links {FOLDER}/wheels {CHANGED}=={version}; {SYNC} {folder}",
        f"rm -r {folder}",
    )


def publish(bench: BenchServer, channel: Channel, version: int) -> None:
    """Put a version of the package into the team's channel, and its wheel next to the others."""
    content = dict(modules(version))
    python = bench.shell("basename /opt/teamhub/current/user/lib/python3*")
    files = {f"lib/{python}/site-packages/{name}": text for name, text in content.items()}
    channel.add(CHANGED, str(version), files=files)
    write_wheel(bench.path(f"{FOLDER}/wheels"), version, content)


def modules(version: int) -> Iterator[tuple[str, str]]:
    """The files of the package, of which each version has others."""
    text = random.Random(version)  # noqa: S311 - no secret
    for number in range(FILES):
        yield f"{MODULE}/part{number}.py", f"TEXT = {text.randbytes(BYTES // 2).hex()!r}\n"


def write_wheel(folder: Path, version: int, content: dict[str, str]) -> None:
    """Write the package as a wheel."""
    info = f"{MODULE}-{version}.dist-info"
    files = content | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {CHANGED}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={record_digest(text.encode())},\n" for path, text in files.items()
    )
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{MODULE}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def record_digest(content: bytes) -> str:
    """A hash as a wheel's RECORD has it."""
    sha256 = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(sha256).rstrip(b"=").decode()


def newest(bench: BenchServer) -> str:
    """The folder of the current generation."""
    return bench.shell("readlink -f /opt/teamhub/current")
