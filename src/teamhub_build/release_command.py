"""`build.py release`: from the entry of debian/changelog to a tag and every suite's package."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from teamhub_build.commands import CommandError, run_logged
from teamhub_build.machine import install_packages
from teamhub_build.progress import Progress
from teamhub_build.release import changelog_field
from teamhub_build.suites import SUITES
from teamhub_build.workspace import Workspace
from teamhub_shared import TeamhubError

#: What dates the entry, and what commits it.
PACKAGES = ("devscripts", "git")

#: What changes between two releases; the second is there where an admin has to act.
CHANGELOG = "debian/changelog"
NEWS = "debian/NEWS"

UNRELEASED = "UNRELEASED"
DISTRIBUTION = "unstable"


class ReleaseError(TeamhubError):
    """The checkout cannot be released as it is."""


class BuildError(TeamhubError):
    """A release that is committed and tagged could not be built."""


def parser() -> argparse.ArgumentParser:
    """The options of build.py release."""
    options = argparse.ArgumentParser(
        prog="build.py release",
        description="Release what is committed: date the newest entry of debian/changelog, commit "
        "and tag it, and build the package for every suite. Nothing is pushed or published.",
    )
    options.add_argument("version", metavar="VERSION", help="such as 1.2.3")
    return options


def run(repository: Path, arguments: list[str], progress: Progress) -> None:
    """Do what `arguments` say.  Raises TeamhubError."""
    version = parser().parse_args(arguments).version
    workspace = Workspace(repository)
    install_packages(PACKAGES, workspace=workspace, offline=False, progress=progress)

    def build(suite: str) -> None:
        progress.stage(f"building {version} for {suite}")
        run_logged(
            [sys.executable, repository / "build.py", "--suite", suite],
            log=workspace.logs / f"release-{suite}.log",
            show=progress,
        )

    tag = make_release(repository, version, build, log=workspace.logs / "release.log")
    progress.stage(f"released; to hand it on: git push --follow-tags origin HEAD {tag}")


def make_release(repository: Path, version: str, build: Callable[[str], None], *, log: Path) -> str:
    """Date, commit and tag the newest entry as `version`; have `build` make every suite's package.

    Returns the tag.  Raises ReleaseError or CommandError before anything is committed, with the
    files as they were; BuildError from a build that fails, with the commit and the tag there.
    """
    tag = f"v{version}"
    check(repository, version, tag, log=log)
    changed = unreleased_files(repository)
    try:
        for name in changed:
            date_entry(repository / name, version, log=log)
        commit = ["commit", "--quiet", "--message", f"Release {version}", "--", *changed]
        git(repository, *commit, log=log)
    except CommandError:
        git(repository, "checkout", "--quiet", "HEAD", "--", *changed, log=log)
        raise
    git(repository, "tag", "--annotate", "--message", f"teamhub {version}", tag, log=log)
    for suite in SUITES:
        try:
            build(suite)
        except TeamhubError as error:
            raise BuildError(
                f"{version} is committed and tagged, but was not built for {suite}: "
                f"{error.problem}",
                f"{error.remedy}; then type `python3 build.py --suite {suite}`, or take the "
                f"release back: git tag --delete {tag} && git reset --keep HEAD~1",
            ) from error
    return tag


def check(repository: Path, version: str, tag: str, *, log: Path) -> None:
    """Raise ReleaseError unless the checkout can be released as `version`."""
    add = f'add what has changed (dch --changelog {CHANGELOG} "...") and commit it'
    newest = changelog_field(repository / CHANGELOG, "Version")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", version):
        raise ReleaseError(
            f"{version!r} is not a version", "type plain numbers: make release VERSION=1.2.3"
        )
    if git(repository, "status", "--porcelain", log=log):
        raise ReleaseError("there are changes that are not committed", "commit or stash them")
    if git(repository, "tag", "--list", tag, log=log):
        raise ReleaseError(f"the tag {tag} is there already", "choose a higher version")
    if not is_unreleased(repository / CHANGELOG):
        raise ReleaseError(f"the newest entry of {CHANGELOG}, {newest}, is released already", add)
    if not is_filled(repository / CHANGELOG):
        raise ReleaseError(f"the newest entry of {CHANGELOG}, {newest}, names no change", add)
    for name in unreleased_files(repository):
        entry = changelog_field(repository / name, "Version")
        if is_lower(version, entry):
            raise ReleaseError(
                f"{version} is lower than {entry}, which {name} is to be released as",
                f"choose {entry} or a higher version",
            )


def unreleased_files(repository: Path) -> list[str]:
    """The files whose newest entry waits for its release."""
    return [name for name in (CHANGELOG, NEWS) if is_unreleased(repository / name)]


def is_unreleased(changelog: Path) -> bool:
    """Whether the newest entry of a file in the form of a changelog waits for its release."""
    return changelog.exists() and changelog_field(changelog, "Distribution") == UNRELEASED


def is_filled(changelog: Path) -> bool:
    """Whether the newest entry names a change."""
    entry = changelog_field(changelog, "Changes")
    return re.search(r"^ +\* *[^\s*]", entry, re.MULTILINE) is not None


def is_lower(version: str, than: str) -> bool:
    """Whether dpkg sorts a version before another one."""
    compare = ["dpkg", "--compare-versions", version, "lt", than]
    return subprocess.run(compare, check=False).returncode == 0


def date_entry(changelog: Path, version: str, *, log: Path) -> None:
    """Have dch give the newest entry its version, distribution and the time.

    Its maintainer stays the one that is named.  Raises CommandError.
    """
    dch = ["dch", "--no-conf", "--changelog", str(changelog), "--maintmaint"]
    for options in (["--newversion", version], ["--distribution", DISTRIBUTION, "--release"]):
        # the empty text is no line of the entry, and opens no editor
        run_logged([*dch, *options, ""], env={**os.environ, "TZ": "UTC"}, log=log)


def git(repository: Path, *arguments: str, log: Path) -> str:
    """What a git command prints.  Raises CommandError."""
    return run_logged(["git", "-C", repository, *arguments], log=log).strip()
