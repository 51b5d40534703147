#!/usr/bin/python3
"""Measures teamhub beside its peers, on servers booted for it, and prints tables.

    bench/run.py                                 everything
    bench/run.py environment generation          some sections
    bench/run.py reconfigure --people 10,100     fewer people
    bench/run.py serving --rounds 1              fewer rounds

Needs the package that `make` builds; installs what else it needs, as the tests do.  All figures are
kept in dist/bench.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report import Row
    from bench.server import Inputs
    from support.installation import Target

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / folder) for folder in (".", "tests", "src")]


@dataclass(frozen=True)
class Asked:
    """What a section needs to know."""

    target: Target
    inputs: Inputs
    work: Path
    people: list[int]
    rounds: int


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS), default=list(SECTIONS)
    )
    parser.add_argument("--people", default="10,100,1000", help="sizes of the team, by commas")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each environment")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist/bench.json")
    parser.add_argument("--alone", metavar="JSON", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(unknown)} (there are: {', '.join(SECTIONS)})")
    options.output = options.output.resolve()
    os.chdir(REPOSITORY)
    return measure(options) if options.alone else enter_network_of_its_own()


def enter_network_of_its_own() -> int:
    """Prepare like the tests, then run this again where there is no other network."""
    import run
    from bench import virtualenv
    from teamhub_build.suites import machine_suite

    here = machine_suite().codename
    package = next(made for made in run.PACKAGES if made.suite == here)
    if run.prepare().failed or not run.fetch_server_roots([package]):
        return 1
    lock = REPOSITORY / f"locks/{here}/wheels.txt"
    wheels = run.BUILD / f"inputs/wheels-{here}"
    known = {
        "suite": here,
        "package": str(package.path()),
        "virtualenv": str(virtualenv.package(lock, wheels, run.BUILD / "bench")),
        "wheels": str(wheels),
        "requirements": virtualenv.requirements(lock),
        "uv": str(run.VENV / "bin/uv"),
    }
    alone = [*run.AS_ROOT, *run.ALONE, "unshare", "--net", str(run.VENV / "bin/python"), __file__]
    what = f"--alone={json.dumps(known)}"
    return subprocess.run([*alone, what, *sys.argv[1:]], check=False).returncode


def measure(options: argparse.Namespace) -> int:
    """Run the sections, print their tables, and keep all figures."""
    from bench import machine
    from bench.report import raw, table
    from bench.server import Inputs
    from support.container import Host
    from support.installation import Target
    from support.network import Mirror, become_private_network
    from support.roots import CACHE

    known = json.loads(options.alone)
    suite, package = known.pop("suite"), Path(known.pop("package"))
    host = Host(f"bench-{suite}", "10.78.1.2", "10.78.1.1")
    described = machine.describe(CACHE)
    print(
        "\n".join(f"{name}: {value}" for name, value in described.items()), end="\n\n", flush=True
    )
    kept: dict[str, object] = {"machine": described}
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        work = Path(folder)
        become_private_network([host], work / "hosts")
        mirror = Mirror(CACHE / "mirror")
        paths = {name: Path(known[name]) for name in ("virtualenv", "wheels", "uv")}
        asked = Asked(
            target=Target(suite, "scientific", package, host),
            inputs=Inputs(requirements=known["requirements"], **paths),
            work=work,
            people=[int(size) for size in options.people.split(",")],
            rounds=options.rounds,
        )
        for name in options.sections:
            title, section = SECTIONS[name]
            rows = section(dataclasses.replace(asked, work=work / name))
            print(table(title, rows), flush=True)
            kept[name] = [raw(row) for row in rows]
            options.output.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        mirror.close()
    return 0


def environment(asked: Asked) -> list[Row]:
    """A first installation."""
    from bench import environment, server

    with server.boot(asked.target, asked.inputs, asked.work) as bench:
        return environment.measure(bench, asked.rounds)


def generation(asked: Asked) -> list[Row]:
    """The next generation."""
    from bench import next_generation, server

    with server.boot(asked.target, asked.inputs, asked.work) as bench:
        return next_generation.measure(bench, asked.rounds)


def reconfigure(asked: Asked) -> list[Row]:
    """Reconfiguration with many people."""
    from bench import reconfigure
    from support.installation import boot_installed, install
    from support.network import NameServer

    installation = install(asked.target, asked.work / "server", NameServer())
    with boot_installed(installation, asked.work / "booted") as server:
        return reconfigure.measure(server, asked.people)


def serving(asked: Asked) -> list[Row]:
    """Two hubs, side by side."""
    from bench import serving
    from support.installation import boot_installed, install
    from support.network import NameServer

    installation = install(asked.target, asked.work / "server", NameServer())
    with boot_installed(installation, asked.work / "booted") as server:
        return serving.measure(server, installation, 4 * asked.rounds)


SECTIONS: dict[str, tuple[str, Callable[[Asked], list[Row]]]] = {
    "environment": ("Installing the environment", environment),
    "generation": ("A second generation with one changed package", generation),
    "serving": ("What a person waits for", serving),
    "reconfigure": ("Reconfiguration", reconfigure),
}


if __name__ == "__main__":
    sys.exit(main())
