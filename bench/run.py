#!/usr/bin/python3
"""Measures teamhub and its peers side by side and prints tables.

    bench/run.py                                 everything
    bench/run.py --quick                         some sections, one round of each
    bench/run.py environment generation          some sections
    bench/run.py reconfigure --people 10,100     fewer people
    bench/run.py serving --rounds 1              fewer rounds

Needs the package that `make` builds; installs what else it needs, as the tests do.  Writes
docs/benchmarks.md, and all single figures next to it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / folder) for folder in (".", "tests", "src")]

# needs the path above
from bench.sections import BESIDE_DEBIANS, BESIDE_VIRTUALENV, QUICK, SECTIONS  # noqa: E402


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="one round, 10 people")
    parser.add_argument("--people", default="10,100,1000", help="sizes of the team, by commas")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each section")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "docs/benchmarks.md")
    parser.add_argument("--alone", metavar="JSON", help=argparse.SUPPRESS)
    options = parser.parse_intermixed_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(unknown)} (there are: {', '.join(SECTIONS)})")
    options.sections = options.sections or list(QUICK if options.quick else SECTIONS)
    if options.quick:
        options.rounds, options.people = 1, "10"
    options.output = options.output.resolve()
    os.chdir(REPOSITORY)
    return measure(options) if options.alone else enter_network_of_its_own(options.sections)


def enter_network_of_its_own(sections: Sequence[str]) -> int:
    """Prepare like the tests, then run this again where there is no other network."""
    import run
    from bench import virtualenv
    from support import preparation
    from support.namespaces import ALONE
    from support.selection import PACKAGES
    from teamhub_build.suites import machine_suite

    here = machine_suite().codename
    package = next(made for made in PACKAGES if made.suite == here)
    if preparation.prepare().failed or not run.fetch_server_roots({here: [package.path()]}):
        return 1
    if BESIDE_DEBIANS.intersection(sections) and not fetch_peers(here):
        return 1
    lock = REPOSITORY / f"locks/{here}/wheels.txt"
    wheels = run.BUILD / f"inputs/wheels-{here}"
    peer = None
    if BESIDE_VIRTUALENV.intersection(sections):
        virtualenv.install_debian_packages()
        peer = virtualenv.package(lock, wheels, run.BUILD / "bench")
    known = {
        "suite": here,
        "package": str(package.path()),
        "virtualenv": str(peer),
        "wheels": str(wheels),
        "requirements": virtualenv.requirements(lock),
        "uv": str(preparation.VENV / "bin/uv"),
    }
    alone = [
        *preparation.AS_ROOT,
        *ALONE,
        "unshare",
        "--net",
        str(preparation.VENV / "bin/python"),
        __file__,
    ]
    what = f"--alone={json.dumps(known)}"
    return subprocess.run([*alone, what, *sys.argv[1:]], check=False).returncode


def fetch_peers(suite: str) -> bool:
    """Fetch what Debian's own hub takes."""
    import run
    from support import preparation
    from support.outcomes import succeeds

    fetch = [*preparation.AS_ROOT, "unshare", "--mount", str(preparation.VENV / "bin/python")]
    what = ["-m", "bench.debian_hub", str(run.BUILD / "server"), suite]
    return succeeds([*fetch, *what], PYTHONPATH=".:tests:src")


def measure(options: argparse.Namespace) -> int:
    """Run the sections, print their tables, and keep all figures after each."""
    from bench import document, machine
    from bench.report import table
    from bench.sections import Asked, Servers
    from bench.server import Inputs
    from support.container import Host
    from support.installation import Target
    from support.network import Mirror, become_private_network
    from support.roots import CACHE

    known = json.loads(options.alone)
    suite, package = known.pop("suite"), Path(known.pop("package"))
    host = Host(f"bench-{suite}", "10.78.1.2", "10.78.1.1")
    described = machine.describe(CACHE)
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
            quick=options.quick,
        )
        with contextlib.closing(Servers(asked)) as servers:
            for name in options.sections:
                section = SECTIONS[name]
                rows = section.measure(asked, servers)
                print(f"## {section.title}\n\n{table(rows)}", flush=True)
                kept = document.section(section.title, section.explanation, described, rows)
                document.keep(options.output, list(SECTIONS), {name: kept})
        mirror.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
