"""The packages that stand for Debian's own programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from teamhub_build.packages.debian import debian_recipes
from teamhub_build.packages.recipe import Recipe
from teamhub_build.suites import SUITES, Suite


def recipe(name: str, suite: Suite) -> Recipe:
    (found,) = (each for each in debian_recipes(suite) if each.package.name == name)
    return found


def test_node_is_debians_where_it_is_new_enough() -> None:
    names = {
        codename: [each.package.name for each in debian_recipes(suite)]
        for codename, suite in SUITES.items()
    }
    assert names == {
        "bookworm": ["python", "python_abi"],
        "trixie": ["python", "python_abi", "nodejs"],
    }


def test_the_prefixs_python_is_debians_with_site_packages_of_its_own(
    tmp_path: Path, suite: Suite
) -> None:
    recipe("python", suite).write_tree(tmp_path)
    site_packages = tmp_path / f"lib/python{suite.python}/site-packages"
    site_packages.mkdir(parents=True)
    program = "import site, sys; print(sys.prefix, *site.getsitepackages())"
    printed = subprocess.check_output([tmp_path / "bin/python", "-c", program], text=True)
    prefix, *folders = printed.split()
    assert prefix == str(tmp_path)
    assert str(site_packages) in folders
    assert not any(folder.startswith("/usr") for folder in folders)


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
