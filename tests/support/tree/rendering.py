"""The working tree as a build renders it, without the packages that only a build makes."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
from pathlib import Path

from teamhub_build.release import read_release
from teamhub_build.source import MAINTSCRIPTS, write_python_code, write_rendered_sources
from teamhub_build.variant import Variant

#: Where, in a rendered tree, the files for dpkg's database are.
CONTROL = "DEBIAN"
#: What of the repository is rendered.
SOURCES = ("src", "debian", "conffiles", "maintscripts")


def render(repository: Path, channel: Path, variant: Variant, tree: Path) -> None:
    """Write the Debian source tree of `repository` to `tree`, and dpkg's own files to tree/DEBIAN.

    `channel` is the one that the installed package carries.  In the maintainer scripts, the token
    for debhelper's part is left as it is.  Raises RenderError for a template that fails.
    """
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    write_rendered_sources(
        tree,
        repository=repository,
        channel=channel,
        release=read_release(repository / "debian/changelog", variant.suite),
        variant=variant,
    )
    write_python_code(tree / "src", repository)
    control = tree / CONTROL
    control.mkdir()
    for name in MAINTSCRIPTS:
        shutil.copy(tree / f"debian/teamhub.{name}", control / name)
    # dh_installdebconf merges the translations in the same way
    templates = subprocess.run(
        ["po2debconf", tree / "debian/teamhub.templates"], check=True, capture_output=True
    ).stdout
    (control / "templates").write_bytes(templates)


def digest(tree: Path) -> str:
    """What tells one rendered tree from another: names, modes and contents of its files."""
    state = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            state.update(f"{path.relative_to(tree)} {path.stat().st_mode:o}\0".encode())
            state.update(hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()


def signature(repository: Path) -> dict[str, tuple[int, int]]:
    """Time and mode of every file that is rendered, by its name: what differs has to be laid."""
    found = {}
    for folder in SOURCES:
        for path in (repository / folder).rglob("*"):
            if path.suffix != ".pyc" and not path.is_dir():
                with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                    status = path.lstat()
                    found[str(path.relative_to(repository))] = (status.st_mtime_ns, status.st_mode)
    return found
