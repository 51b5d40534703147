"""The command line of build.py."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from teamhub_build import docs, machine, release_command
from teamhub_build.built_of import read_tree, write_tree
from teamhub_build.profiles import DEFAULT_PROFILE, PROFILES
from teamhub_build.progress import Progress
from teamhub_build.repository import keyring_command, publish_command
from teamhub_build.suites import SUITES, machine_suite
from teamhub_build.variant import Variant, choose_variant
from teamhub_build.workspace import Workspace
from teamhub_shared import TeamhubError


def parser() -> argparse.ArgumentParser:
    """The options of build.py."""
    options = argparse.ArgumentParser(
        prog="build.py",
        description="Build teamhub's Debian package. It first installs the tools that the build "
        "needs, through apt and pip; the result is DIR/teamhub_VERSION_amd64.deb.",
        epilog="for the team's own apt repository, see `build.py publish --help` and "
        "`build.py keyring --help`; for a release, `build.py release --help`.",
    )
    options.add_argument(
        "action",
        nargs="?",
        choices=("build", "lock", "docs"),
        default="build",
        help="build the package (default), renew the pins of all inputs, or renew the tables of "
        "settings and questions in docs/",
    )
    options.add_argument(
        "--suite",
        choices=tuple(SUITES),
        help="the Debian suite to build for; a suite other than this machine's is built in a clean "
        "root of that suite (default: this machine's)",
    )
    options.add_argument(
        "--channel",
        action="append",
        default=[],
        metavar="NAME",
        help="where the conda packages come from: embedded (default), made of PyPI wheels over "
        "the suite's own Python; or conda-forge, or the URL of a channel, whose package brings "
        "Python and conda and is for every suite; several, the first preferred",
    )
    options.add_argument(
        "--thin",
        action="store_true",
        help="leave the conda packages out: servers fetch what the lock names from the channel",
    )
    options.add_argument(
        "--lock",
        type=Path,
        metavar="FILE",
        help="with --channel: take the packages of an earlier build's lock, which its .deb has in "
        "/usr/share/teamhub/channel/teamhub.lock, and no newer ones",
    )
    options.add_argument(
        "--profile",
        choices=tuple(PROFILES),
        default=DEFAULT_PROFILE,
        help="what people compute with: minimal is JupyterLab alone, scientific adds numpy, "
        "pandas, bokeh and others (default: %(default)s)",
    )
    options.add_argument(
        "--output",
        type=Path,
        default=Path("dist"),
        metavar="DIR",
        help="where the package is put (default: %(default)s)",
    )
    options.add_argument(
        "--offline",
        action="store_true",
        help="use no network, only what an earlier build has fetched",
    )
    return options


def main(repository: Path, arguments: list[str]) -> int:
    """Do what `arguments` say; the exit status of build.py."""
    start = os.environ.get(machine.START)
    progress = Progress(start=float(start) if start else None)
    try:
        if arguments[:1] == ["publish"]:
            publish_command.run(repository, arguments[1:], progress)
        elif arguments[:1] == ["keyring"]:
            keyring_command.run(repository, arguments[1:], progress)
        elif arguments[:1] == ["release"]:
            release_command.run(repository, arguments[1:], progress)
        else:
            _build_or_lock(repository, arguments, progress)
    except TeamhubError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    return 0


def _build_or_lock(repository: Path, arguments: list[str], progress: Progress) -> None:
    options = parser().parse_args(arguments)
    if options.action == "docs":
        docs.renew(repository)
        return
    workspace = Workspace(repository)
    wanted = [*machine.BUILD_PACKAGES]
    if options.action == "build" and not _builds_here(_variant(options)):
        wanted += machine.ROOT_PACKAGES
    machine.enter_tool_environment(
        workspace, arguments, wanted, offline=options.offline, progress=progress
    )
    if options.action == "lock":
        _lock(repository, progress)
    else:
        _build(workspace, options, progress)


def _lock(repository: Path, progress: Progress) -> None:
    # these need what the tool environment has, as does all that _build imports
    from teamhub_build.pins import write_pins
    from teamhub_build.requirements import write_requirements

    progress.stage("pinning the channel's wheels and npm packages")
    write_pins(repository)
    # After the wheels: the tests run the hub's code with the versions that a server has.
    log = Workspace(repository).logs / "lock.log"
    write_requirements(repository, log=log, progress=progress)


def _build(workspace: Workspace, options: argparse.Namespace, progress: Progress) -> None:
    from teamhub_build.assemble import assemble
    from teamhub_build.inputs import Inputs, fetch_inputs

    # Read first: a file that is edited during the build makes the package stale.
    tree = read_tree(workspace.repository)
    variant = _variant(options)
    stage = workspace.stage(variant)

    def fetch() -> Inputs:
        with workspace.exclusive("inputs"):
            return fetch_inputs(workspace, variant, offline=options.offline, progress=progress)

    with workspace.exclusive(stage.name):
        shutil.rmtree(stage, ignore_errors=True)
        if _builds_here(variant):
            results = assemble(workspace, variant, fetch, progress=progress)
            _hand_over(results, options.output, tree, progress)
            return
        fetch()
    # The build in there takes the stage for itself.
    results = _build_in_root(workspace, variant, options, progress)
    _hand_over(results, options.output, tree, progress)


def _hand_over(results: list[Path], output: Path, tree: dict[str, str], progress: Progress) -> None:
    """Copy what was built to where it was asked for, while no other build can replace it.

    `tree` is what it was built of, which is written down next to it.
    """
    output.mkdir(parents=True, exist_ok=True)
    progress.stage("done")
    for result in results:
        shutil.copy(result, output)
        if result.suffix == ".deb":
            write_tree(output / result.name, tree)
        progress(f"{output / result.name}, {result.stat().st_size / 1e6:.1f} MB")


def _build_in_root(
    workspace: Workspace, variant: Variant, options: argparse.Namespace, progress: Progress
) -> list[Path]:
    """The same build.py with --offline, run by the suite's own Python in a clean root of it."""
    from teamhub_build.inputs import fetch_tool_wheels
    from teamhub_build.root import CHECKOUT, clean_root, run_in_root

    suite = variant.suite
    with workspace.exclusive("inputs"):
        fetch_tool_wheels(workspace, suite, offline=options.offline, progress=progress)
    with workspace.exclusive(f"root-{suite.codename}"):
        root = clean_root(workspace, suite, offline=options.offline, progress=progress)
    output = workspace.stage(variant).with_suffix(".result")
    shutil.rmtree(output, ignore_errors=True)
    progress.stage(f"building in the clean root of {suite.codename}")
    run_in_root(
        root,
        [
            *(machine.SYSTEM_PYTHON, CHECKOUT / "build.py", "--offline"),
            *("--suite", suite.codename, "--profile", variant.profile),
            *("--output", CHECKOUT / output.relative_to(workspace.repository)),
        ],
        repository=workspace.repository,
        log=workspace.logs / f"{variant.name}-root.log",
        progress=progress,
    )
    return [result for result in sorted(output.iterdir()) if result.suffix != ".tree"]


def _variant(options: argparse.Namespace) -> Variant:
    return choose_variant(
        options.suite, options.profile, options.channel, thin=options.thin, lock=options.lock
    )


def _builds_here(variant: Variant) -> bool:
    """Whether this machine can assemble it, and no root of another suite is needed."""
    if not variant.is_embedded:
        return True
    try:
        return variant.suite == machine_suite()
    except TeamhubError:
        return False
