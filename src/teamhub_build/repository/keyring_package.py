"""The package teamhub-archive-keyring: where a team's servers find teamhub, and by which key."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path

from teamhub_build.assemble import ENVIRONMENT
from teamhub_build.commands import run_logged
from teamhub_build.lint import lint, refuse_tags
from teamhub_build.progress import Progress
from teamhub_build.release import read_release
from teamhub_build.render import render_tree
from teamhub_build.repository.debs import CANARY, KEYRING
from teamhub_build.repository.distribution import Distribution
from teamhub_build.repository.signing import check_keys, export_keys
from teamhub_build.suites import SUITES, Suite
from teamhub_build.workspace import Workspace
from teamhub_shared import TeamhubError

TEMPLATES = Path(__file__).with_name("keyring")
KEY_FILE = f"/usr/share/keyrings/{KEYRING}.gpg"
#: What one line of apt's sources can hold.
URL = re.compile(r"(https?|file)://[^\s\[\]]+")


class BadAddress(TeamhubError):
    """An address that apt cannot read from."""


def write_keyring_packages(
    workspace: Workspace,
    keys: Sequence[str],
    url: str,
    state: str,
    component: str = "main",
    *,
    progress: Progress,
) -> list[Path]:
    """Build the package for every Debian suite: each names its own distribution.

    Raises BadAddress, SigningError or LintError.
    """
    if not URL.fullmatch(url):
        raise BadAddress(
            f"{url!r} is no address that apt reads", "give one such as https://apt.example.org/"
        )
    check_keys(keys)
    os.umask(0o022)
    return [
        write_keyring_package(
            workspace,
            suite,
            keys,
            url,
            Distribution(Path(), suite.codename, state, component),
            progress=progress,
        )
        for suite in SUITES.values()
    ]


def write_keyring_package(
    workspace: Workspace,
    suite: Suite,
    keys: Sequence[str],
    url: str,
    distribution: Distribution,
    *,
    progress: Progress,
) -> Path:
    """Build it for one suite with debhelper, and check it with lintian."""
    release = read_release(workspace.repository / "debian/changelog", suite)
    # the two of one release lie in the same pool
    mark = CANARY if distribution.state == "canary" else ""
    version = release.version.replace("~deb", f"{mark}~deb")
    stage = workspace.folder / f"keyring-{suite.codename}"
    shutil.rmtree(stage, ignore_errors=True)
    tree = stage / f"{KEYRING}-{version}"
    context = {
        "version": version,
        "codename": suite.codename,
        "url": url,
        "date": formatdate(release.epoch),
        "licence": (workspace.repository / "LICENSE").read_text("utf-8").splitlines(),
    }
    render_tree(TEMPLATES, tree / "debian", context)
    export_keys(keys, tree / f"{KEYRING}.gpg")
    (tree / "teamhub.sources").write_text(sources(url, distribution), "utf-8")
    log = workspace.logs / f"{stage.name}.log"
    progress.stage(f"building {KEYRING} {version}")
    run_logged(
        ["dpkg-buildpackage", "--no-sign", "--build=binary"],
        cwd=tree,
        env={**ENVIRONMENT, "SOURCE_DATE_EPOCH": str(release.epoch)},
        log=log,
    )
    changes = next(stage.glob("*.changes"))
    refuse_tags(changes, lint(changes), progress=progress)
    return next(stage.glob("*.deb"))


def sources(url: str, distribution: Distribution) -> str:
    """The text of teamhub.sources (deb822, sources.list(5))."""
    return (
        "# The team's own packages of teamhub.\n"
        f"Types: deb\nURIs: {url}\nSuites: {distribution.name}\n"
        f"Components: {distribution.component}\nSigned-By: {KEY_FILE}\n"
    )
