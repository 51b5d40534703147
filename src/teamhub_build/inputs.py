"""The fetch phase: every pinned input of a build, checked and in its place.

All that needs a network is here; what follows builds from these folders alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from teamhub_build.commands import CommandError, run_logged
from teamhub_build.conda_channels import fetch_shipped_channel
from teamhub_build.npm import npm_command
from teamhub_build.packages.node import tree_sha256
from teamhub_build.progress import Progress
from teamhub_build.suites import Suite
from teamhub_build.variant import Variant
from teamhub_build.wheelhouse import InputError, Target, fetch_wheels
from teamhub_build.workspace import Workspace

#: The packages that the server gets unpacked next to its own code; pinned with the build's tools.
VENDORED = frozenset({"py-rattler"})

#: What `npm ci` reads.
NPM_PINS = ("package.json", "package-lock.json")

#: npm's words about a tarball that is not what its integrity hash says.
NPM_MISMATCH = re.compile(
    r"checksum failed when using sha512: wanted (?P<expected>sha512-\S+) "
    r"but got (?P<got>sha512-[\w+/=]+)"
)


@dataclass(frozen=True)
class EmbeddedInputs:
    """What the embedded channel is made of."""

    wheels: Path
    #: What `npm ci` made of locks/npm.
    npm_prefix: Path


@dataclass(frozen=True)
class Inputs:
    """Where the inputs of a build are."""

    #: The wheels of `VENDORED`.
    vendored: list[Path]
    #: Nothing where the packages are other channels': then the channel that ships is made already.
    embedded: EmbeddedInputs | None


def fetch_inputs(
    workspace: Workspace, variant: Variant, *, offline: bool, progress: Progress
) -> Inputs:
    """Fetch what is missing, check all of it.

    Raises InputError for an input that differs from its pin, or is missing while `offline`.
    """
    embedded = None
    if variant.is_embedded:
        embedded = EmbeddedInputs(
            wheels=_fetch_channel_wheels(
                workspace, variant.suite, offline=offline, progress=progress
            ),
            npm_prefix=fetch_npm_prefix(workspace, offline=offline, progress=progress),
        )
    else:
        out = workspace.shipped_channel(variant)
        fetch_shipped_channel(workspace, variant, out, offline=offline, progress=progress)
    vendored = _fetch_vendored_wheels(workspace, offline=offline, progress=progress)
    return Inputs(vendored, embedded)


def fetch_tool_wheels(
    workspace: Workspace, suite: Suite, *, offline: bool, progress: Progress
) -> None:
    """The build's own tools for the Python of `suite`, for a clean root that has no network."""
    progress.stage(f"checking the build's tools for Python {suite.python}")
    fetch_wheels(
        workspace.repository / "requirements/build.txt",
        workspace.tool_wheels(suite.python),
        target=Target(suite.python),
        pip=[sys.executable, "-m", "pip"],
        log=workspace.logs / f"tools-{suite.python}.log",
        offline=offline,
        progress=progress,
    )


def _fetch_channel_wheels(
    workspace: Workspace, suite: Suite, *, offline: bool, progress: Progress
) -> Path:
    progress.stage(f"checking the channel's wheels for {suite.codename}")
    folder = workspace.channel_wheels(suite)
    fetch_wheels(
        workspace.repository / "locks" / suite.codename / "wheels.txt",
        folder,
        target=Target(suite.python, suite.glibc),
        pip=[sys.executable, "-m", "pip"],
        log=workspace.logs / f"wheels-{suite.codename}.log",
        offline=offline,
        progress=progress,
    )
    return folder


def _fetch_vendored_wheels(
    workspace: Workspace, *, offline: bool, progress: Progress
) -> list[Path]:
    return fetch_wheels(
        workspace.repository / "requirements/build.txt",
        workspace.vendored_wheels,
        target=Target(f"{sys.version_info.major}.{sys.version_info.minor}"),
        pip=[sys.executable, "-m", "pip"],
        log=workspace.logs / "vendored.log",
        offline=offline,
        progress=progress,
        names=VENDORED,
    )


def fetch_npm_prefix(workspace: Workspace, *, offline: bool, progress: Progress) -> Path:
    """What npm laid out of locks/npm once it had compared every hash, as it was then.

    npm compares when it unpacks and not afterwards, so a hash of the whole tree is kept next to it.
    """
    progress.stage("checking the proxy's npm packages")
    pins = [workspace.repository / "locks/npm" / name for name in NPM_PINS]
    pinned = hashlib.sha256(b"".join(pin.read_bytes() for pin in pins)).hexdigest()
    prefix = workspace.inputs / f"npm-{pinned[:12]}"
    laid = prefix / "tree.sha256"
    if not laid.exists() or laid.read_text("ascii") != tree_sha256(prefix / "node_modules"):
        shutil.rmtree(prefix, ignore_errors=True)
        prefix.mkdir(parents=True)
        for pin in pins:
            shutil.copy(pin, prefix)
        _run_npm_ci(workspace, prefix, offline=offline)
        laid.write_text(tree_sha256(prefix / "node_modules"), "ascii")
    return prefix


def _run_npm_ci(workspace: Workspace, prefix: Path, *, offline: bool) -> None:
    command = [*npm_command(), "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    command += ["--cache", str(workspace.inputs / "npm-cache"), "--prefer-offline"]
    log = workspace.logs / "npm.log"
    try:
        run_logged([*command, *(["--offline"] if offline else [])], cwd=prefix, log=log)
    except CommandError as error:
        if mismatch := NPM_MISMATCH.search(error.output):
            package = _npm_package(prefix / "package-lock.json", mismatch["expected"])
            raise InputError(
                f"{package} is not what its pin says: expected {mismatch['expected']}, "
                f"got {mismatch['got']}",
                "find out who changed it; a change that you trust is pinned with `make lock`",
            ) from error
        raise


def _npm_package(lock: Path, integrity: str) -> str:
    """The package that `lock` pins by this integrity hash; npm's own message leaves it out."""
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return next(
        f"{path.rpartition('node_modules/')[2]} {package['version']}"
        for path, package in packages.items()
        if package.get("integrity") == integrity
    )
