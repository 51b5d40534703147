"""`build.py publish`: its options, and what they do."""

from __future__ import annotations

import argparse
from pathlib import Path

from teamhub_build import machine
from teamhub_build.progress import Progress
from teamhub_build.repository import publishing
from teamhub_build.repository.distribution import STATES, component
from teamhub_build.workspace import Workspace

#: What publishing needs in addition to the standard system.
PACKAGES = ("apt-utils", "gpg", "gpg-agent")


def parser() -> argparse.ArgumentParser:
    """The options of build.py publish."""
    options = argparse.ArgumentParser(
        prog="build.py publish",
        description="Put packages into a signed apt repository, a folder of static files. "
        "docs/repository.md describes how servers use it.",
    )
    options.add_argument("files", nargs="*", type=Path, metavar="X.deb", help="packages to add")
    options.add_argument("--repo", required=True, type=Path, metavar="DIR", help="the repository")
    options.add_argument(
        "--key", required=True, action="append", metavar="KEYID",
        help="the gpg key that signs it; during a change of keys, give both",
    )  # fmt: skip
    options.add_argument(
        "--suite", choices=STATES, help="canary is for the servers that try a version first "
        "(default: stable); a keyring package goes to the one that it names",
    )  # fmt: skip
    options.add_argument(
        "--component", type=component, default="main",
        help="what servers' sources call it (default: %(default)s); one in a repository",
    )  # fmt: skip
    options.add_argument(
        "--keep", type=positive, default=5, metavar="N",
        help="how many versions to keep for going back (default: %(default)s)",
    )  # fmt: skip
    options.add_argument(
        "--valid-days", type=float, default=14, metavar="N",
        help="how long servers accept it as current (default: %(default)s); see --refresh",
    )  # fmt: skip
    instead = options.add_mutually_exclusive_group()
    instead.add_argument("--refresh", action="store_true", help="sign it again, for a timer")
    instead.add_argument(
        "--promote", nargs=2, choices=STATES, metavar=("FROM", "TO"),
        help="publish in TO what was tried in FROM: --promote canary stable",
    )  # fmt: skip
    instead.add_argument("--withdraw", metavar="VERSION", help="remove a published version")
    return options


def positive(text: str) -> int:
    """A number of at least 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def run(repository: Path, arguments: list[str], progress: Progress) -> None:
    """Do what `arguments` say.  Raises TeamhubError."""
    chosen = parser()
    options = chosen.parse_args(arguments)
    instead = options.refresh or options.promote or options.withdraw
    if bool(options.files) == bool(instead):
        chosen.error("name packages to add, or one of --refresh, --promote and --withdraw")
    machine.install_packages(
        PACKAGES, workspace=Workspace(repository), offline=False, progress=progress
    )
    made = publishing.Repository(
        options.repo.resolve(), tuple(options.key), options.component, options.keep,
        options.valid_days,
    )  # fmt: skip
    progress.stage(f"publishing in {made.folder}")
    if options.refresh:
        publishing.refresh(made)
    elif options.promote:
        source, target = options.promote
        publishing.promote(made, source, target, progress)
    elif options.withdraw:
        publishing.withdraw(made, options.withdraw, options.suite, progress)
    else:
        publishing.publish(made, options.files, options.suite or "stable", progress)
