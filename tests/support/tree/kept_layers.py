"""The layers that `make dev` boots: an installed server, and the working tree laid over it.

Each is made once: the one for each .deb, which is installed as ever, the other for each state of
the tree.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from support.installation import (
    PRESEED,
    Installation,
    Target,
    booted,
    configure,
    install,
    wait_for_login_page,
)
from support.kept import remove_old, take
from support.layers import Overlay
from support.network import NameServer
from support.roots import CACHE, server_root
from support.tree.laying import lay
from support.tree.rendering import digest, render
from teamhub_build.suites import SUITES
from teamhub_build.variant import Variant

LAID = Path(".build/dev").resolve()
#: For each suite; an installed layer has 1.1 GB.
KEPT_INSTALLED = 2
KEPT_LAID = 3
HASH_LENGTH = 12
ANY_HASH = "?" * HASH_LENGTH
#: What an installation saw, next to its layer.
FACTS = "installation.json"
CA = "ca.crt"


def kept_folder(target: Target) -> Path:
    """Where the layer of a package is kept, by the package's hash and what else made it."""
    state = hashlib.sha256(
        f"{server_root(target.suite, CACHE).name} {target.host} {PRESEED}".encode()
    )
    with target.package.open("rb") as deb:
        state.update(hashlib.file_digest(deb, "sha256").digest())
    return CACHE / f"installed-{target}-{state.hexdigest()[:HASH_LENGTH]}"


def kept_installation(target: Target, names: NameServer) -> Installation:
    """The package installed by apt, in this run or in an earlier one."""

    def make(folder: Path) -> None:
        made = install(target, folder / "made", names)
        facts = {
            "output": made.output,
            "seconds_apt": made.seconds_apt,
            "seconds_login_page": made.seconds_login_page,
            "names_asked": made.names_asked,
            "paths_before": sorted(made.paths_before),
        }
        (folder / FACTS).write_text(json.dumps(facts), "utf-8")

    folder = take(kept_folder(target), make)
    remove_old(CACHE.glob(f"installed-{target}-{ANY_HASH}"), KEPT_INSTALLED, shutil.rmtree)
    facts = json.loads((folder / FACTS).read_text("utf-8"))
    facts["paths_before"] = frozenset(facts["paths_before"])
    layers = (folder / "made/installed/changes", server_root(target.suite, CACHE))
    return Installation(target=target, layers=layers, ca=folder / "made" / CA, **facts)


def with_tree(installed: Installation, repository: Path) -> Installation:
    """An installation with the working tree laid over it and configured, as an upgrade does.

    Raises RenderError for a template that fails, AssertionError where the postinst does.
    """
    LAID.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tree-", dir=LAID) as name:
        tree = Path(name)
        render_for(installed.target, repository, installed.layers[0], tree)

        def make(folder: Path) -> None:
            _lay_and_configure(installed, tree, folder)

        below = installed.layers[0].parents[2].name
        key = hashlib.sha256(f"{below} {digest(tree)}".encode()).hexdigest()[:HASH_LENGTH]
        folder = take(LAID / f"laid-{installed.target}-{key}", make)
    remove_old(LAID.glob(f"laid-{installed.target}-{ANY_HASH}"), KEPT_LAID, shutil.rmtree)
    layers = (folder / "made/changes", *installed.layers)
    return dataclasses.replace(installed, layers=layers, ca=folder / CA)


def render_for(target: Target, repository: Path, root: Path, tree: Path) -> None:
    """Render the repository as the package of this target has it; `root` has the package."""
    variant = Variant(SUITES[target.suite], target.profile)
    render(repository, root / "usr/share/teamhub/channel", variant, tree)


def _lay_and_configure(installed: Installation, tree: Path, folder: Path) -> None:
    shutil.copy(installed.ca, folder / CA)
    overlay = Overlay(folder / "made", installed.layers)
    try:
        if not lay(tree, overlay.root):
            return
        with booted(overlay, installed.target, folder / "boot.log", installed.ca) as server:
            done = configure(server)
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / CA).write_text(server.run("teamhub", "tls", "ca").stdout)
            wait_for_login_page(server, folder / CA)
    finally:
        overlay.unmount()
