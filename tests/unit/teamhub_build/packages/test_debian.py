"""The packages that stand for Debian's own programs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from teamhub_build.packages.debian import debian_recipes
from teamhub_build.packages.node import OLDEST_NODEJS
from teamhub_build.packages.recipe import Recipe
from teamhub_build.suites import SUITES, Suite
from unit.teamhub_build.conftest import write_text


def recipe(name: str, suite: Suite) -> Recipe:
    (found,) = (each for each in debian_recipes(suite) if each.package.name == name)
    return found


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_node_is_debians_and_new_enough_for_the_proxy(suite: Suite) -> None:
    nodejs = recipe("nodejs", suite).package
    assert nodejs.build == "0_debian"
    assert nodejs.purls == ("pkg:deb/debian/nodejs",)
    assert Version(nodejs.version) >= Version(OLDEST_NODEJS)


def test_the_prefixs_python_is_debians_with_site_packages_of_its_own(
    tmp_path: Path, suite: Suite
) -> None:
    recipe("python", suite).write_tree(tmp_path)
    site_packages = tmp_path / f"lib/python{suite.python}/site-packages"
    program = "import site, sys; print(sys.prefix, *site.getsitepackages(), *sys.path)"
    printed = subprocess.check_output([tmp_path / "bin/python", "-c", program], text=True)
    prefix, *folders = printed.split()
    assert prefix == str(tmp_path)
    assert folders.count(str(site_packages)) == 2
    assert not any(re.match("/usr/.*dist-packages", folder) for folder in folders)


@pytest.fixture
def home(tmp_path: Path, suite: Suite) -> Path:
    """Somebody's home, with a module that the prefix has too, and one of their own."""
    recipe("python", suite).write_tree(tmp_path / "prefix")
    at_home = tmp_path / f"home/.local/lib/python{suite.python}/site-packages"
    shared = tmp_path / f"prefix/lib/python{suite.python}/site-packages"
    write_text(at_home / "own.py", "")
    write_text(at_home / "both.py", "WHOSE = 'hers'\n")
    write_text(at_home / "more.pth", "import sys; sys.seen = getattr(sys, 'seen', 0) + 1\n")
    write_text(shared / "both.py", "WHOSE = 'shared'\n")
    return tmp_path / "home"


def python(home: Path, *arguments: str) -> str:
    """What the prefix's python prints for the owner of that home."""
    command = [str(home.parent / "prefix/bin/python"), *arguments]
    printed = subprocess.check_output(command, text=True, env={"HOME": str(home)}, cwd="/")
    return printed.strip()


def test_what_somebody_has_at_home_is_found_and_comes_first(home: Path) -> None:
    program = "import own, both, site; print(both.WHOSE, site.ENABLE_USER_SITE)"
    assert python(home, "-c", program) == "hers True"


def test_her_own_pth_files_are_read_once(home: Path) -> None:
    assert python(home, "-c", "import sys; print(sys.seen)") == "1"


@pytest.mark.parametrize("option", ["-s", "-I"])
def test_it_is_not_found_if_an_option_of_python_says_so(home: Path, option: str) -> None:
    program = "import both, site; print(both.WHOSE, site.ENABLE_USER_SITE)"
    assert python(home, option, "-c", program) == "shared False"


def test_debians_own_modules_are_not_found(home: Path) -> None:
    program = "import sys; print([path for path in sys.path if 'dist-packages' in path])"
    assert python(home, "-c", program) == "[]"


@pytest.mark.parametrize(("name", "program"), [("python", "python3.13"), ("nodejs", "node")])
def test_the_post_link_script_puts_the_link_back_that_conda_replaced_by_a_copy(
    tmp_path: Path, name: str, program: str
) -> None:
    recipe(name, SUITES["trixie"]).write_tree(tmp_path)
    link = tmp_path / "bin" / program
    link.unlink()
    link.write_bytes(b"a copy")
    post_link = tmp_path / f"bin/.{name}-post-link.sh"
    subprocess.run([post_link], env={**os.environ, "PREFIX": str(tmp_path)}, check=True)
    assert str(link.readlink()) == f"/usr/bin/{program}"


def test_the_abi_of_one_python_keeps_every_other_out() -> None:
    python_abi = recipe("python_abi", SUITES["bookworm"]).package
    assert python_abi.constrains == ("python 3.11.* *_cp311",)
    assert recipe("python", SUITES["bookworm"]).package.build.endswith("_cp311")
