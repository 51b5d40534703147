"""The recipes of the packages that stand for what Debian has already: Python, its ABI and Node.js.

They hold links to Debian's own programs, whose security updates stay apt's.
"""

from __future__ import annotations

from pathlib import Path

from packageurl import PackageURL

from teamhub_build.packages.conda_file import CondaPackage
from teamhub_build.packages.recipe import Recipe
from teamhub_build.suites import Suite

#: A module of every prefix.  In a venv Python's site.py takes the venv's own packages first, then
#: the user's, then the system's; while it is at the first, a .pth file has it call this.
USER_SITE = '''\
"""What a person has installed at home comes before what everybody has; Debian's does not come."""

import os
import site
import sys


def show(known_paths):
    """Called by site.py's addpackage() with the folders that it will not add again."""
    # Debian's own prefix would follow; ours is put in front once this has been called first.
    site.PREFIXES[:] = [prefix for prefix in site.PREFIXES if prefix == sys.prefix]
    if site.check_enableusersite():
        at_home = site.getusersitepackages()
        if os.path.isdir(at_home) and at_home not in sys.path:
            shared = os.path.dirname(os.path.abspath(__file__))
            place = sys.path.index(shared) if shared in sys.path else len(sys.path)
            sys.path.insert(place, at_home)
            known_paths.add(os.path.normcase(at_home))
'''


def debian_recipes(suite: Suite) -> list[Recipe]:
    """python, python_abi and nodejs."""
    return [_python(suite), _python_abi(suite), _nodejs(suite)]


def _python(suite: Suite) -> Recipe:
    """A prefix that is a venv of Debian's python: a link and a pyvenv.cfg (PEP 405)."""

    def write_tree(tree: Path) -> tuple[()]:
        _write_link(tree, "python", f"python{suite.python}")
        for alias in ("python3", "python"):
            (tree / "bin" / alias).symlink_to(f"python{suite.python}")
        # By "true" Python and pip let people have packages in their homes; Debian's own modules,
        # which it means too, are kept out by USER_SITE.
        (tree / "pyvenv.cfg").write_text(
            "home = /usr/bin\n"
            "include-system-site-packages = true\n"
            f"version = {suite.python_version}\n"
            f"executable = /usr/bin/python{suite.python}\n",
            "utf-8",
        )
        site_packages = tree / f"lib/python{suite.python}/site-packages"
        site_packages.mkdir(parents=True)
        (site_packages / "teamhub_user_site.py").write_text(USER_SITE, "utf-8")
        (site_packages / "teamhub_user_site.pth").write_text(
            "import teamhub_user_site; teamhub_user_site.show(known_paths)\n", "utf-8"
        )
        return ()

    abi = _abi(suite)
    package = CondaPackage(
        name="python",
        version=suite.python_version,
        build=f"0_debian_{abi}",
        subdir="linux-64",
        depends=(f"python_abi {suite.python}.* *_{abi}",),
        license="Python-2.0",
        summary="Debian's own Python",
        purls=(debian_purl(f"python{suite.python}"),),
    )
    return Recipe(package, write_tree)


def _python_abi(suite: Suite) -> Recipe:
    """The package by which conda-forge tells which Python's extension modules fit."""
    package = CondaPackage(
        name="python_abi",
        version=suite.python,
        build=f"0_{_abi(suite)}",
        subdir="noarch",
        noarch="generic",
        constrains=(f"python {suite.python}.* *_{_abi(suite)}",),
        summary="The ABI of Debian's own Python",
    )
    return Recipe(package, lambda _: ())


def _nodejs(suite: Suite) -> Recipe:
    package = CondaPackage(
        name="nodejs",
        version=suite.nodejs_version,
        build="0_debian",
        subdir="linux-64",
        license="MIT",
        summary="Debian's own Node.js",
        purls=(debian_purl("nodejs"),),
    )

    def write_tree(tree: Path) -> tuple[()]:
        _write_link(tree, "nodejs", "node")
        return ()

    return Recipe(package, write_tree)


def debian_purl(package: str) -> str:
    """The package URL of a Debian package, without a version: apt's is the server's."""
    return PackageURL("deb", "debian", package).to_string()


def _write_link(tree: Path, package: str, program: str) -> None:
    """Links bin/`program` to Debian's.

    conda, unlike rattler, copies what a link with an absolute target points at, and would cut the
    prefix off from apt's updates: its post-link script puts the link back.
    """
    folder = tree / "bin"
    folder.mkdir(parents=True)
    (folder / program).symlink_to(f"/usr/bin/{program}")
    post_link = folder / f".{package}-post-link.sh"
    post_link.write_text(
        f'#!/bin/sh\nln -sfn /usr/bin/{program} "$PREFIX/bin/{program}"\n', "utf-8"
    )
    post_link.chmod(0o755)


def _abi(suite: Suite) -> str:
    return f"cp{suite.python.replace('.', '')}"
