"""`build.py keyring`: its options, and what they do."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from teamhub_build import machine
from teamhub_build.progress import Progress
from teamhub_build.repository.distribution import STATES, component
from teamhub_build.workspace import Workspace

PACKAGES = (*machine.BUILD_PACKAGES, "gpg", "gpg-agent")


def parser() -> argparse.ArgumentParser:
    """The options of build.py keyring."""
    options = argparse.ArgumentParser(
        prog="build.py keyring",
        description="Build teamhub-archive-keyring, which tells servers where the team's apt "
        "repository is and by which key it is signed: one .deb for each Debian.",
    )
    options.add_argument(
        "--key", required=True, action="append", metavar="KEYID",
        help="the gpg key that signs the repository; during a change of keys, give both",
    )  # fmt: skip
    options.add_argument("--url", required=True, help="where servers reach the repository")
    options.add_argument(
        "--suite", choices=STATES, default="stable",
        help="canary is for the servers that try a version first (default: %(default)s)",
    )  # fmt: skip
    options.add_argument(
        "--component", type=component, default="main",
        help="as it is published (default: %(default)s)",
    )  # fmt: skip
    options.add_argument(
        "--output", type=Path, default=Path("dist"), metavar="DIR",
        help="where the packages are put (default: %(default)s)",
    )  # fmt: skip
    return options


def run(repository: Path, arguments: list[str], progress: Progress) -> None:
    """Do what `arguments` say.  Raises TeamhubError."""
    options = parser().parse_args(arguments)
    workspace = Workspace(repository)
    machine.enter_tool_environment(
        workspace, ["keyring", *arguments], PACKAGES, offline=False, progress=progress
    )
    # needs what is in there
    from teamhub_build.repository.keyring_package import write_keyring_packages

    with workspace.exclusive("keyring"):
        made = write_keyring_packages(
            workspace, options.key, options.url, options.suite, options.component,
            progress=progress,
        )  # fmt: skip
        options.output.mkdir(parents=True, exist_ok=True)
        progress.stage("done")
        for package in made:
            shutil.copy(package, options.output)
            progress(str(options.output / package.name))
