"""What comes from npm: the proxy."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from packageurl import PackageURL

from teamhub_build.packages.conda_file import PREFIX_PLACEHOLDER, CondaPackage
from teamhub_build.packages.left_out import is_left_out
from teamhub_build.packages.recipe import Recipe
from teamhub_shared import TeamhubError

PROXY = "configurable-http-proxy"

#: The Node.js that runs it on every suite.  The proxy's own manifest asks for 20, since 18 has no
#: upstream support any more; Debian has kept it.  Nothing in the proxy and its modules is newer
#: than 18.19, and its own tests pass there.  locks/npm/package.json keeps to what was tried.
OLDEST_NODEJS = "18.19"

#: What npm leaves in node_modules for itself; its record of the tree names download addresses.
NPM_PRIVATE = (".bin", ".package-lock.json")

#: Where the manifest of a module is, also of one inside another's folder.
MODULE = re.compile(r"(?:.*/)?node_modules/(?:(@[^/]+)/)?([^/@.][^/]*)/package\.json")


class NpmTreeError(TeamhubError):
    """The tree that npm made does not hold what the channel takes from it."""


def proxy_recipe(npm_prefix: Path) -> Recipe:
    """configurable-http-proxy with all that it needs, out of a finished `npm ci` tree.

    Raises NpmTreeError where the tree has no such package, or one that we cannot describe.
    """
    modules = npm_prefix / "node_modules"
    try:
        manifest = json.loads((modules / PROXY / "package.json").read_text("utf-8"))
        script = Path(manifest["bin"][PROXY])
    except (OSError, LookupError) as error:
        raise NpmTreeError(
            f"{modules} has no usable {PROXY}: {error}",
            "renew locks/npm with `make lock`, and build again",
        ) from error

    def write_tree(tree: Path) -> tuple[()]:
        home = tree / "lib/node_modules" / PROXY
        shutil.copytree(modules / PROXY, home, symlinks=True)
        # npm nests a module inside the proxy's own folder where two versions are needed
        nested = home / "node_modules"
        others = shutil.ignore_patterns(*NPM_PRIVATE, PROXY)
        shutil.copytree(modules, nested, symlinks=True, ignore=others, dirs_exist_ok=True)
        for path in [path for path in home.rglob("*") if path.is_file()]:
            if is_left_out(path.relative_to(home).as_posix()):
                path.unlink()
        _use_prefix_node(home / script)
        (tree / "bin").mkdir()
        (tree / "bin" / PROXY).symlink_to(Path("../lib/node_modules") / PROXY / script)
        return ()

    package = CondaPackage(
        name=PROXY,
        version=manifest["version"],
        build="npm_0",
        subdir="noarch",
        noarch="generic",
        depends=(f"nodejs >={OLDEST_NODEJS}",),
        license=manifest["license"],
        summary=manifest["description"],
        purls=tuple(sorted(module_purls(modules))),
    )
    return Recipe(package, write_tree, source_sha256=tree_sha256(modules))


def module_purls(modules: Path) -> Iterator[str]:
    """The package URL of each module in a folder of node_modules."""
    for path in modules.rglob("package.json"):
        module = MODULE.fullmatch(path.relative_to(modules.parent).as_posix())
        # a module's own tests may have a folder of that name
        if module and not is_left_out(path.relative_to(modules).as_posix()):
            version = json.loads(path.read_text("utf-8")).get("version")
            yield PackageURL("npm", module[1], module[2], version).to_string()


def _use_prefix_node(script: Path) -> None:
    """Makes the script run with its prefix's Node.js, whatever PATH says."""
    shebang, rest = script.read_bytes().split(b"\n", 1)
    if shebang != b"#!/usr/bin/env node":
        raise NpmTreeError(
            f"{script} does not start with env's node: {shebang!r}",
            "pin an older version of it in locks/npm/package.json",
        )
    script.write_bytes(f"#!{PREFIX_PLACEHOLDER}/bin/node\n".encode() + rest)


def tree_sha256(folder: Path) -> str:
    """A hash of the files of a tree: their paths, contents and whether they can be run."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        executable = path.stat().st_mode & 0o100
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder)} {executable} {content}\n".encode())
    return digest.hexdigest()
