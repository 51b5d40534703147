#!/usr/bin/python3
"""Runs every test on a Debian machine that may have nothing installed but git, make and python3.

Without arguments: install what the tests need, check the style, build the packages, test them.
With the names of stages, only those; what follows them goes to pytest:

    tests/run.py                       everything
    tests/run.py style unit            two stages
    tests/run.py server -k login       one stage, some of its tests
    tests/run.py server --suite trixie --screenshots docs

Needs only the standard library.  The last line printed is "N passed, N failed".
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "src"))

# these need the path above
from teamhub_build.machine import BUILD_PACKAGES  # noqa: E402
from teamhub_build.suites import SUITES, machine_suite  # noqa: E402

BUILD = REPOSITORY / ".build"
DIST = REPOSITORY / "dist"
VENV = BUILD / "venv-test"
RESULTS = BUILD / "results"
REQUIREMENTS = [REPOSITORY / "requirements" / name for name in ("build.txt", "test.txt")]
DEBIAN_PYTHON = "/usr/bin/python3"
#: Enters mount and process namespaces of its own.
ALONE = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--preserve-env"]

#: How many tests of servers run side by side.  Much of each is waiting; each takes 1 GB of memory.
SERVER_WORKERS = min(2 * (os.cpu_count() or 1), 8)

#: Debian packages that the tests call; the unit tests call what a build does, too.
DEBIAN_PACKAGES = (
    *BUILD_PACKAGES,
    "apt-utils",
    "chromium",
    "debconf-utils",
    "devscripts",
    "faketime",
    "fonts-dejavu-core",
    "gpg",
    "gpg-agent",
    "iproute2",
    "libnss3-tools",
    "mmdebstrap",
    "patchelf",
    "piuparts",
    "reprotest",
    "shellcheck",
    "systemd-container",
)


@dataclass(frozen=True)
class Outcome:
    """How many checks of a stage passed and failed."""

    passed: int
    failed: int


@dataclass(frozen=True)
class Package:
    """One package to build and test: a suite, a profile, and the folder that it is built into."""

    suite: str
    profile: str
    folder: Path

    def path(self) -> Path:
        """The newest .deb of this package; FileNotFoundError where none is built."""
        pattern = f"teamhub_*~deb{SUITES[self.suite].release}_amd64.deb"
        found = sorted(self.folder.glob(pattern), key=lambda deb: deb.stat().st_mtime)
        if not found:
            raise FileNotFoundError(f"no {self.folder}/{pattern}: run the stage build first")
        return found[-1]


PACKAGES = (
    *(Package(suite, "scientific", DIST) for suite in SUITES),
    Package(machine_suite().codename, "minimal", DIST / "minimal"),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(STAGES))
    options, for_pytest = parser.parse_known_args()
    if unknown := set(options.stages) - set(STAGES):
        parser.error(f"no such stage: {', '.join(unknown)} (there are: {', '.join(STAGES)})")
    outcomes: dict[str, Outcome] = {}
    seconds: dict[str, float] = {}
    os.chdir(REPOSITORY)
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in ["prepare", *(options.stages or STAGES)]:
        announce(name)
        start = time.monotonic()
        outcomes[name] = prepare() if name == "prepare" else STAGES[name](for_pytest)
        seconds[name] = time.monotonic() - start
        if name == "prepare" and outcomes[name].failed:
            break
    return summarise(outcomes, seconds)


def announce(name: str) -> None:
    print(f"\n======== {name} ========", flush=True)


def summarise(outcomes: dict[str, Outcome], seconds: dict[str, float]) -> int:
    """Print the table of times and the closing line; the exit status."""
    announce("summary")
    for name, outcome in outcomes.items():
        counts = f"{outcome.passed:5} passed {outcome.failed:5} failed"
        print(f"{name:14}{counts} {seconds[name]:8.1f} s")
    print(f"{'in all':14}{sum(seconds.values()):36.1f} s")
    passed = sum(outcome.passed for outcome in outcomes.values())
    failed = sum(outcome.failed for outcome in outcomes.values())
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


def prepare() -> Outcome:
    """Install the Debian packages that are missing, and the tests' virtual environment.

    Not a test: nothing is counted but a failure.
    """
    ready = install_debian_packages() and install_venv()
    return Outcome(0, 0 if ready else 1)


def install_debian_packages() -> bool:
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n"]
    listed = subprocess.run([*query, *DEBIAN_PACKAGES], capture_output=True, text=True, check=False)
    here = {line.split()[0] for line in listed.stdout.splitlines() if line.endswith(" installed")}
    missing = [package for package in DEBIAN_PACKAGES if package not in here]
    if not missing:
        return True
    apt = [*AS_ROOT, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2", "--yes"]
    return succeeds([*apt, "update"]) and succeeds(
        [*apt, "install", "--no-install-recommends", *missing]
    )


def install_venv() -> bool:
    """Make .build/venv-test from the pinned requirements, when they have changed since."""
    key = hashlib.sha256(b"".join(path.read_bytes() for path in REQUIREMENTS)).hexdigest()
    stamp = VENV / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == key:
        return True
    shutil.rmtree(VENV, ignore_errors=True)
    files = [argument for path in REQUIREMENTS for argument in ("--requirement", str(path))]
    made = succeeds([DEBIAN_PYTHON, "-m", "venv", str(VENV)]) and succeeds(
        [str(VENV / "bin/pip"), "install", "--quiet", "--require-hashes", *files]
    )
    if made:
        stamp.write_text(key)
    return made


def check_style(_: Sequence[str]) -> Outcome:
    """Ruff and mypy over all Python, shellcheck over every shell script."""
    mypy = ["env", "MYPYPATH=src:tests:.", str(VENV / "bin/mypy"), "--explicit-package-bases"]
    return count(
        [
            [str(VENV / "bin/ruff"), "check", "."],
            [str(VENV / "bin/ruff"), "format", "--check", "."],
            [*mypy, "build.py", "src", "tests", "bench"],
            ["shellcheck", "--external-sources", *shell_scripts()],
        ]
    )


def shell_scripts() -> list[str]:
    """The committed files that say in their first line that a shell runs them.

    Templates are shell only when rendered: tests/package checks what became of them.
    """
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.splitlines() if not name.endswith(".j2")]
    shells = (b"#!/bin/sh", b"#!/bin/bash")
    return [
        name
        for name in names
        if Path(name).is_file() and Path(name).read_bytes().startswith(shells)
    ]


def build(_: Sequence[str]) -> Outcome:
    """Build every package that the later stages test."""
    return count(
        [
            *(DEBIAN_PYTHON, "build.py", "--suite", package.suite),
            *("--profile", package.profile, "--output", str(package.folder)),
        ]
        for package in PACKAGES
    )


def run_server_tests(for_pytest: Sequence[str]) -> Outcome:
    """Fetch roots and mirrors, then test all suites side by side.

    Each worker has a network where there is nothing else.  In process and mount namespaces of its
    own, a run that is killed leaves no container and no mount behind.
    """
    parser = argparse.ArgumentParser(prog="tests/run.py server")
    parser.add_argument("--suite", choices=SUITES, help="test on this suite alone")
    options, for_pytest = parser.parse_known_args(for_pytest)
    packages = [package for package in PACKAGES if options.suite in (None, package.suite)]
    if not fetch_server_roots(packages):
        return Outcome(0, 1)
    debs = [f"--package={each.suite}:{each.profile}:{each.path()}" for each in packages]
    python = f"unshare --net --mount {shlex.quote(str(VENV / 'bin/python'))}"
    workers = [
        "--dist=loadscope",
        "--no-loadscope-reorder",
        f"--tx={SERVER_WORKERS}*popen//python={python}",
    ]
    prefix = [*AS_ROOT, *ALONE]
    return run_pytest("server", [*debs, *workers, "-vv", *for_pytest], prefix=prefix)


def measure_once(_: Sequence[str]) -> Outcome:
    """Run what measures, once each, to see that it does; no figure fails it."""
    return count([[DEBIAN_PYTHON, "bench/run.py", "--quick", f"--output={BUILD}/benchmarks.md"]])


def fetch_server_roots(packages: Sequence[Package]) -> bool:
    """Fetch what installing these packages on a plain server takes; they must be built."""
    by_suite: dict[str, list[str]] = {}
    try:
        for package in packages:
            by_suite.setdefault(package.suite, []).append(str(package.path()))
    except FileNotFoundError as missing:
        print(missing)
        return False
    fetch = [*AS_ROOT, "unshare", "--mount", str(VENV / "bin/python"), "-m", "support.roots"]
    what = [f"{suite}={','.join(debs)}" for suite, debs in by_suite.items()]
    return succeeds([*fetch, str(BUILD / "server"), *what], PYTHONPATH="tests:src")


def run_pytest(stage: str, arguments: Iterable[str], prefix: Sequence[str] = ()) -> Outcome:
    """Run tests/STAGE; a run that ends badly or tests nothing counts as one more failure."""
    report = RESULTS / f"{stage}.xml"
    report.unlink(missing_ok=True)
    pytest = [str(VENV / "bin/python"), "-m", "pytest", f"tests/{stage}"]
    options = [f"--junitxml={report}", f"--basetemp={BUILD / f'pytest-{stage}'}"]
    ended_well = succeeds([*prefix, *pytest, *options, *arguments])
    outcome = read_report(report) if report.exists() else Outcome(0, 0)
    if not outcome.failed and not (ended_well and outcome.passed):
        return Outcome(outcome.passed, 1)
    return outcome


def read_report(report: Path) -> Outcome:
    """The counts of a report in JUnit's format; skipped tests count as neither."""
    passed = failed = 0
    for suite in ElementTree.parse(report).iter("testsuite"):  # noqa: S314 - pytest's own file
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        failed += bad
        passed += int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0))
    return Outcome(passed, failed)


def count(commands: Iterable[Sequence[str]]) -> Outcome:
    results = [succeeds(command) for command in commands]
    return Outcome(results.count(True), results.count(False))


def succeeds(command: Sequence[str], **environment: str) -> bool:
    """Run a command, its output going where ours goes."""
    print("$ " + " ".join(command), flush=True)
    return subprocess.run(command, env=os.environ | environment, check=False).returncode == 0


STAGES: dict[str, Callable[[Sequence[str]], Outcome]] = {
    "style": check_style,
    "unit": lambda for_pytest: run_pytest("unit", ["--numprocesses=auto", *for_pytest]),
    "build": build,
    "package": lambda for_pytest: run_pytest("package", for_pytest),
    "reproducible": lambda for_pytest: run_pytest("reproducible", for_pytest),
    "server": run_server_tests,
    "bench": measure_once,
}


if __name__ == "__main__":
    sys.exit(main())
