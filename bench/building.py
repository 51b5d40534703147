"""Building the package: from nothing but what was fetched, and again after small changes.

The peer, dh-virtualenv, keeps nothing between builds: whatever changed, it builds the whole again.
Each round builds in a new copy of this checkout.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from bench import virtualenv
from bench.cost import Failed
from bench.next_generation import record_digest
from bench.report import Limit, Row
from support.checkout import REPOSITORY, copy_checkout
from teamhub_build.wheelhouse import read_pins

PEER_IS = "dpkg-buildpackage with dh-virtualenv"
CONFFILE = "conffiles/etc/teamhub/environment.yml"
#: A wheel of one module, which changes.
WHEEL = "six"

COLD, NOTHING, ONE_CONFFILE, ONE_WHEEL = (
    "all inputs fetched, nothing else",
    "again, nothing changed",
    "again, one conffile changed",
    "again, one wheel changed",
)
WHY_COLD = (
    "each wheel becomes a conda package with a compression that unpacks fast and is small on the "
    "server, which takes the time; a weaker one would be faster here and larger there"
)
WHY_WARM = "dpkg-buildpackage, lintian and dpkg-deb run over 155 MB whatever changed"


def measure(suite: str, wheels: Path, work: Path, rounds: int, *, quick: bool) -> list[Row]:
    """Seconds of builds; `quick`: of one that follows another."""
    took: dict[str, list[float]] = {}
    peer: list[float] = []
    work.mkdir()
    wanted = virtualenv.requirements(REPOSITORY / f"locks/{suite}/wheels.txt")
    for number in range(rounds):
        # with the conda packages that earlier builds have made, or without
        folders = ("inputs", "conda-packages") if quick else ("inputs",)
        checkout = copy_checkout(work / f"checkout-{number}", folders)
        changes = QUICK_CHANGES if quick else CHANGES
        if quick:
            build(checkout)
        for what, change in changes.items():
            change(checkout, suite)
            took.setdefault(what, []).append(build(checkout))
        start = time.monotonic()
        virtualenv.built(wanted, wheels, work / "peer")
        peer.append(time.monotonic() - start)
        shutil.rmtree(checkout)
        shutil.rmtree(work / "peer")
    return [
        Row(
            what,
            PEER_IS,
            list(zip(figures, peer, strict=True)),
            limit=Limit(most=10) if what == ONE_CONFFILE else None,
            why=WHY_COLD if what == COLD else WHY_WARM,
        )
        for what, figures in took.items()
    ]


def build(checkout: Path) -> float:
    """Build the package without a network; the seconds."""
    start = time.monotonic()
    done = subprocess.run(
        ["/usr/bin/python3", "build.py", "--offline"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - start
    if done.returncode:
        raise Failed(done.stdout + done.stderr)
    print(f"build.py: {seconds:.1f} s", file=sys.stderr, flush=True)
    return seconds


def recorded(record: str, module: bytes) -> bytes:
    """A wheel's RECORD with the hash of the module that has changed."""
    lines = record.splitlines()
    entry = f"{WHEEL}.py,sha256={record_digest(module)},{len(module)}"
    return "\n".join(entry if line.startswith(f"{WHEEL}.py,") else line for line in lines).encode()


def change_nothing(_checkout: Path, _suite: str) -> None:
    """Leave it as it is."""


def change_conffile(checkout: Path, _suite: str) -> None:
    """Add a line to a conffile."""
    with (checkout / CONFFILE).open("a", encoding="utf-8") as conffile:
        conffile.write("# changed\n")


def change_wheel(checkout: Path, suite: str) -> None:
    """Let a wheel have another content, and the pins name it."""
    (old,) = (checkout / f".build/inputs/wheels-{suite}").glob(f"{WHEEL}-*.whl")
    new = checkout / old.name
    with zipfile.ZipFile(old) as before, zipfile.ZipFile(new, "w") as after:
        module = before.read(f"{WHEEL}.py") + b"# changed\n"
        for entry in before.infolist():
            content = before.read(entry)
            if entry.filename == f"{WHEEL}.py":
                content = module
            elif entry.filename.endswith("/RECORD"):
                content = recorded(content.decode(), module)
            after.writestr(entry.filename, content)
    # the old file is this checkout's too
    new.replace(old)
    lock = checkout / f"locks/{suite}/wheels.txt"
    (pinned,) = (pin for pin in read_pins(lock) if pin.name == WHEEL)
    digest = hashlib.sha256(old.read_bytes()).hexdigest()
    text = lock.read_text("utf-8")
    for sha256 in pinned.hashes:
        text = text.replace(sha256, digest)
    lock.write_text(text, "utf-8")


#: What is done before each build of a round.
CHANGES = {
    COLD: change_nothing,
    NOTHING: change_nothing,
    ONE_CONFFILE: change_conffile,
    ONE_WHEEL: change_wheel,
}
QUICK_CHANGES = {ONE_CONFFILE: change_conffile}
