#!/usr/bin/python3
"""Measures teamhub beside its peers, on a server booted for it, and prints a table.

    bench/run.py                  everything
    bench/run.py --people 10,100  fewer people

Needs the package that `make` builds; installs what else it needs, as the tests do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / folder) for folder in (".", "tests", "src")]


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", default="10,100,1000", help="sizes of the team, by commas")
    parser.add_argument("--alone", metavar="SUITE:DEB", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.chdir(REPOSITORY)
    if options.alone:
        suite, _, package = options.alone.partition(":")
        return measure(suite, Path(package), [int(size) for size in options.people.split(",")])
    return enter_network_of_its_own()


def enter_network_of_its_own() -> int:
    """Prepare like the tests, then run this again where there is no other network."""
    import run
    from teamhub_build.suites import machine_suite

    here = machine_suite().codename
    package = next(made for made in run.PACKAGES if made.suite == here)
    if run.prepare().failed or not run.fetch_server_roots([package]):
        return 1
    alone = [*run.AS_ROOT, *run.ALONE, str(run.VENV / "bin/python"), __file__]
    what = f"--alone={here}:{package.path()}"
    return subprocess.run([*alone, what, *sys.argv[1:]], check=False).returncode


def measure(suite: str, package: Path, people: list[int]) -> int:
    """Run the benchmarks on a server with the package and print their tables."""
    from bench import reconfigure
    from bench.report import table
    from support.container import Host
    from support.installation import Target, boot_installed, install
    from support.network import Mirror, NameServer, become_private_network
    from support.roots import CACHE

    host = Host(f"bench-{suite}", "10.78.1.2", "10.78.1.1")
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        work = Path(folder)
        become_private_network([host], work / "hosts")
        mirror = Mirror(CACHE / "mirror")
        target = Target(suite, "scientific", package, host)
        installation = install(target, work / "server", NameServer())
        with boot_installed(installation, work / "booted") as server:
            print(table("Reconfiguration", reconfigure.measure(server, people)), flush=True)
        mirror.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
