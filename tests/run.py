#!/usr/bin/python3
"""Runs the tests on a Debian machine that may have nothing installed but git, make and python3.

Without arguments, what has to pass before a change lands: install what the tests need, check the
style, build the packages, test them.  What depends on no suite is tested on one, which the commit
decides.  With --all, every test on every suite.  With the names of stages, only those; what
follows them goes to pytest:

    tests/run.py                       what has to pass (make test)
    tests/run.py --all                 everything, on every suite (make test-all)
    tests/run.py style unit            two stages
    tests/run.py server -k login       one stage, some of its tests
    tests/run.py server --suite trixie --screenshots docs
    tests/run.py soak                  hours of accidents (make soak)

The inner loop, of which tests/run.py dev --help says more:

    tests/run.py dev -k login          the working tree on an installed server, within seconds
    tests/run.py dev --sit             the same to look at
    tests/run.py shell                 into such a server

Needs only the standard library.  The last line printed is "N passed, N failed".
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from support.checkout import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "src"))

# these need the path above
import dev
from support.namespaces import ALONE, OWN_NETWORK
from support.outcomes import Outcome, count, read_report, succeeds, total
from support.preparation import AS_ROOT, DEBIAN_PYTHON, VENV, prepare
from support.selection import (
    NoPackageError,
    Package,
    Selection,
    commit_hash,
    select,
)
from teamhub_build.suites import SUITES

BUILD = REPOSITORY / ".build"
RESULTS = BUILD / "results"
SHELLS = (b"#!/bin/sh", b"#!/bin/bash")

#: How many tests of servers run side by side.  Much of each is waiting; each takes 1 GB of memory.
SERVER_WORKERS = min(2 * (os.cpu_count() or 1), 8)


@dataclass(frozen=True)
class Run:
    """What a stage is asked to do."""

    selection: Selection
    #: Arguments for pytest.
    for_pytest: list[str]
    #: What begins each line that the stage prints, if several stages print.
    label: str = ""


def main() -> int:
    if sys.argv[1:2] == ["dev"]:
        return 1 if prepare().failed else dev.main(sys.argv[2:])
    if sys.argv[1:2] == ["shell"]:
        return dev.shell(sys.argv[2:])
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--all", action="store_true", help="every test, on every suite")
    parser.add_argument("--suite", choices=SUITES, help="on this suite alone")
    parser.add_argument(
        "--stale", action="store_true", help="test a .deb that was built before the last change"
    )
    options, for_pytest = parser.parse_known_args()
    if unknown := set(options.stages) - set(STAGES):
        parser.error(f"no such stage: {', '.join(unknown)} (there are: {', '.join(STAGES)})")
    os.chdir(REPOSITORY)
    RESULTS.mkdir(parents=True, exist_ok=True)
    selection = select(
        everything=options.all, suite=options.suite, stale=options.stale, commit=commit_hash()
    )
    print(selection)
    run = Run(selection, for_pytest)
    start = time.monotonic()
    outcomes = {"prepare": timed("prepare", lambda _: prepare(), run)}
    if not outcomes["prepare"].failed:
        left_out = BY_NAME if options.all else (*LONG, *BY_NAME)
        stages = options.stages or [name for name in STAGES if name not in left_out]
        outcomes |= run_stages(stages, run)
    return summarise(outcomes, time.monotonic() - start)


def run_stages(stages: Sequence[str], run: Run) -> dict[str, Outcome]:
    """Run stages: first those that need no package and the builds, side by side, then the rest.

    A build waits for the network, and packs with one core for the most part.
    """
    first = [name for name in stages if name in BESIDE_BUILDS]
    if len(first) == 1:
        first = []
    outcomes = {}
    with ThreadPoolExecutor() as pool:
        started = {
            name: pool.submit(timed, name, STAGES[name], replace(run, label=name)) for name in first
        }
        for name in stages:
            if name in started:
                outcomes[name] = started[name].result()
    for name in stages:
        if name not in started:
            outcomes[name] = timed(name, STAGES[name], run)
    return outcomes


def timed(name: str, stage: Callable[[Run], Outcome], run: Run) -> Outcome:
    """Run one stage, and note its seconds."""
    announce(name)
    start = time.monotonic()
    try:
        outcome = stage(run)
    except NoPackageError as reason:
        print(reason)
        outcome = Outcome(0, 1)
    return replace(outcome, seconds=time.monotonic() - start)


def announce(name: str) -> None:
    print(f"\n======== {name} ========", flush=True)


def summarise(outcomes: dict[str, Outcome], seconds: float) -> int:
    """Print the table of times and the closing line; the exit status."""
    announce("summary")
    for name, outcome in outcomes.items():
        counts = f"{outcome.passed:5} passed {outcome.failed:5} failed"
        print(f"{name:14}{counts} {outcome.seconds:8.1f} s")
    print(f"{'in all':14}{seconds:36.1f} s")
    passed = sum(outcome.passed for outcome in outcomes.values())
    failed = sum(outcome.failed for outcome in outcomes.values())
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


def check_style(run: Run) -> Outcome:
    """Ruff, mypy and import-linter over all Python; shellcheck and checkbashisms over all shell."""
    mypy = ["env", "MYPYPATH=src:tests:.", str(VENV / "bin/mypy"), "--explicit-package-bases"]
    return count(
        [
            [str(VENV / "bin/ruff"), "check", "."],
            [str(VENV / "bin/ruff"), "format", "--check", "."],
            [*mypy, "build.py", "src", "tests", "bench"],
            ["env", "PYTHONPATH=src", str(VENV / "bin/lint-imports"), "--no-cache", "--no-logo"],
            ["shellcheck", "--external-sources", *shell_scripts(SHELLS)],
            ["checkbashisms", *shell_scripts(SHELLS[:1])],
        ],
        run.label,
    )


def shell_scripts(shells: Sequence[bytes]) -> list[str]:
    """The committed files whose first line says that one of these shells runs them.

    Templates are shell only when rendered: tests/package checks what became of them.
    """
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.splitlines() if not name.endswith(".j2")]
    return [
        name
        for name in names
        if Path(name).is_file() and Path(name).read_bytes().startswith(tuple(shells))
    ]


def build(run: Run) -> Outcome:
    """Build every package that the later stages test, for the suites side by side."""
    packages = run.selection.packages

    def built(package: Package) -> Outcome:
        label = f"{package.suite} {package.profile}" if len(packages) > 1 else run.label
        return count([[DEBIAN_PYTHON, "build.py", *package.build_options]], label)

    with ThreadPoolExecutor() as pool:
        return total(pool.map(built, packages))


def make_server_roots(run: Run) -> Outcome:
    """Make the plain Debian servers of the server stage.  Nothing is counted but a failure."""
    made = fetch_server_roots({suite: [] for suite in run.selection.suites}, run.label)
    return Outcome(0, 0 if made else 1)


def test_package(run: Run) -> Outcome:
    """Test the .debs that were built."""
    debs = [f"--deb={run.selection.path(package)}" for package in run.selection.packages]
    return run_pytest("package", run, ["--numprocesses=auto", *debs])


def run_server_tests(run: Run) -> Outcome:
    """Fetch roots and mirrors, then test the suites side by side.

    Each worker has a network where there is nothing else.  In process and mount namespaces of its
    own, a run that is killed leaves no container and no mount behind.
    """
    selection = run.selection
    options = selection.options
    debs: dict[str, list[Path]] = {suite: [] for suite in selection.suites}
    for package in selection.packages:
        debs[package.suite].append(selection.path(package))
    if not fetch_server_roots(debs):
        return Outcome(0, 1)
    python = shlex.join([*OWN_NETWORK, str(VENV / "bin/python")])
    workers = [
        "--dist=loadscope",
        "--no-loadscope-reorder",
        f"--tx={SERVER_WORKERS}*popen//python={python}",
    ]
    return run_pytest("server", run, [*options, *workers, "-vv"], prefix=[*AS_ROOT, *ALONE])


def soak(run: Run) -> Outcome:
    """Break servers in every way that docs/reliability.md names, and write that page."""
    page = f"--soak={REPOSITORY / 'docs/reliability.md'}"
    return run_server_tests(replace(run, for_pytest=[page, *run.for_pytest]))


def measure_once(_: Run) -> Outcome:
    """Run what measures, once each, to see that it does; no figure fails it."""
    return count([[DEBIAN_PYTHON, "bench/run.py", "--quick", f"--output={BUILD}/benchmarks.md"]])


def fetch_server_roots(debs: Mapping[str, Sequence[Path]], label: str = "") -> bool:
    """Make plain servers of suites, and fetch what installing these packages on them takes."""
    fetch = [*AS_ROOT, "unshare", "--mount", str(VENV / "bin/python"), "-m", "support.roots"]
    what = [f"{suite}={','.join(map(str, packages))}" for suite, packages in debs.items()]
    return succeeds([*fetch, str(BUILD / "server"), *what], label, PYTHONPATH="tests:src")


def run_pytest(
    stage: str, run: Run, arguments: Iterable[str] = (), prefix: Sequence[str] = ()
) -> Outcome:
    """Run tests/STAGE; a run that ends badly or tests nothing counts as one more failure."""
    report = RESULTS / f"{stage}.xml"
    report.unlink(missing_ok=True)
    pytest = [str(VENV / "bin/python"), "-m", "pytest", f"tests/{stage}"]
    options = [f"--junitxml={report}", f"--basetemp={BUILD / f'pytest-{stage}'}"]
    command = [*prefix, *pytest, *options, *arguments, *run.for_pytest]
    ended_well = succeeds(command, run.label)
    outcome = read_report(report) if report.exists() else Outcome(0, 0)
    if not outcome.failed and not (ended_well and outcome.passed):
        return Outcome(outcome.passed, 1)
    return outcome


STAGES: dict[str, Callable[[Run], Outcome]] = {
    "style": check_style,
    "unit": lambda run: run_pytest("unit", run, ["--numprocesses=auto"]),
    "build": build,
    "roots": make_server_roots,
    "package": test_package,
    "reproducible": lambda run: run_pytest("reproducible", run),
    "server": run_server_tests,
    "soak": soak,
    "bench": measure_once,
}
#: Those that need no package, and what makes the packages: they run side by side.
BESIDE_BUILDS = ("style", "unit", "build", "roots")
#: Those that only --all has.
LONG = ("reproducible", "bench")
#: Those that are run by their name alone: `server` has a part of it with --all.
BY_NAME = ("soak",)


if __name__ == "__main__":
    sys.exit(main())
