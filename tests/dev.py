"""The inner loop: the working tree on a booted server within seconds, without building a package.

    tests/run.py dev -k login          lay the tree over an installed server, and run these tests
    tests/run.py dev tests/server/test_login.py
                                       one module, without reading the others
    tests/run.py dev -n 4 -k 'login or panel'
    tests/run.py dev --sit             keep such a server up, and have it follow the tree
    tests/run.py dev --sit --layer .build/failures/NAME
                                       boot what a failed test has left
    tests/run.py shell [MACHINE] [COMMAND ...]
                                       root's shell in a server of the tests that is running

What is not for dev goes to pytest.  The server is made by the newest .deb in dist/, of which the
conda packages and the dependencies stay: a change of these has to be built.  Tests that install or
upgrade the package by themselves take that .deb.

Needs only the standard library.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from support.checkout import REPOSITORY
from support.container import inside, running
from support.namespaces import ALONE, OUTSIDE, OWN_NETWORK, OWN_NETWORK_WITH_DOOR
from support.preparation import AS_ROOT, VENV
from support.selection import DIST, NoPackageError, Package
from teamhub_build.suites import SUITES, machine_suite

BUILD = REPOSITORY / ".build"
PYTHON = VENV / "bin/python"
#: Of the loopback interface, for browsers outside.
PORTS = range(8443, 8463)


def main(arguments: Sequence[str]) -> int:
    """Run tests, or sit; the exit status."""
    parser = argparse.ArgumentParser(
        prog="tests/run.py dev",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--suite", choices=SUITES, default=machine_suite().codename)
    parser.add_argument("--sit", action="store_true", help="keep the server, and follow the tree")
    parser.add_argument("--layer", type=Path, help="with --sit: boot what a failed test has left")
    parser.add_argument("-n", type=int, default=1, metavar="WORKERS", help="tests side by side")
    options, for_pytest = parser.parse_known_args(arguments)
    os.chdir(REPOSITORY)
    if options.sit and for_pytest:
        parser.error(f"--sit runs no tests: {' '.join(for_pytest)}")
    if options.layer:
        if not (options.layer / "server.json").exists():
            parser.error(f"there is no server to boot in {options.layer} (any more)")
        return sit("--layer", str(options.layer))
    try:
        package = Package(options.suite, "scientific", DIST).path()
    except NoPackageError as reason:
        print(reason)
        return 1
    if not fetch_roots(options.suite, package):
        return 1
    if options.sit:
        return sit("--suite", options.suite, "--package", str(package))
    return run_tests(options.suite, package, options.n, for_pytest)


def fetch_roots(suite: str, package: Path) -> bool:
    """Fetch what installing the package on a plain server takes, unless it is there."""
    fetch = [*AS_ROOT, "unshare", "--mount", str(PYTHON), "-m", "support.roots"]
    return subprocess.run(
        [*fetch, str(BUILD / "server"), f"{suite}={package}"], env=environment(), check=False
    ).returncode == 0  # fmt: skip


def run_tests(suite: str, package: Path, workers: int, for_pytest: Sequence[str]) -> int:
    """Run server tests: in one process, so that --pdb works, or in several side by side."""
    named = [argument for argument in for_pytest if argument.startswith("tests/")]
    where = [] if named else ["tests/server"]
    pytest = [str(PYTHON), "-m", "pytest", *where, f"--basetemp={BUILD / 'pytest-dev'}"]
    options = ["--working-tree", f"--package={suite}:scientific:{package}", *for_pytest]
    prefix = [*AS_ROOT, *ALONE]
    if workers > 1:
        python = shlex.join([*OWN_NETWORK, str(PYTHON)])
        options += [
            "--dist=loadscope",
            "--no-loadscope-reorder",
            f"--tx={workers}*popen//python={python}",
        ]
    else:
        prefix += OWN_NETWORK
    return subprocess.run([*prefix, *pytest, *options], env=environment(), check=False).returncode


def sit(*arguments: str) -> int:
    """Have support.sitting keep a server up until this process is ended.

    It ends with its standard input: however this process ends, nothing is left behind.
    """
    command = [
        str(PYTHON),
        "-m",
        "support.sitting",
        f"--port={free_port()}",
        f"--outside={OUTSIDE}",
        *arguments,
    ]
    child = subprocess.Popen(
        [*AS_ROOT, *ALONE, *OWN_NETWORK_WITH_DOOR, *command],
        stdin=subprocess.PIPE,
        env=environment(),
    )
    lifeline = child.stdin
    assert lifeline is not None

    def end(*_: object) -> None:
        print("ending", flush=True)
        lifeline.close()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    return child.wait()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise SystemExit(f"all ports from {PORTS.start} to {PORTS.stop - 1} are in use")


def shell(arguments: Sequence[str]) -> int:
    """Run a command, by itself a shell, as root in a server of the tests."""
    servers = running()
    named = [name for name in arguments[:1] if name in servers]
    machine = named[0] if named else sitting_machine()
    if machine not in servers:
        print(f"there is no server with tests/run.py dev --sit; running are: {', '.join(servers)}")
        return 1
    command = arguments[len(named) :] or ["/bin/bash", "--login"]
    enter = inside(servers[machine], *command, TERM=os.environ.get("TERM", "dumb"))
    return subprocess.run([*AS_ROOT, *enter], check=False).returncode


def sitting_machine() -> str:
    """The name of the server that sits now; empty where none does."""
    name = BUILD / "dev/sitting"
    return name.read_text() if name.exists() else ""


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": f"{REPOSITORY / 'tests'}:{REPOSITORY / 'src'}"}
