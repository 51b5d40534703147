"""A wheel's files land where conda looks for them, and RECORD tells the truth about them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from teamhub_build.packages.conda_file import PREFIX_PLACEHOLDER
from teamhub_build.packages.wheel import Wheel, WheelError
from teamhub_build.packages.wheel_tree import write_wheel_tree
from teamhub_build.suites import SUITES
from unit.teamhub_build.conftest import MakeWheel

SUITE = SUITES["bookworm"]
FILES = {
    "app/__init__.py": "",
    "app-1.0.data/data/etc/jupyter/app.json": "{}",
    "app-1.0.data/scripts/app-tool": "#!python\nprint()\n",
    "app-1.0.data/headers/app.h": "",
}
EXTENSION = "cp311-cp311-manylinux_2_17_x86_64"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    return tree


def files(tree: Path) -> set[str]:
    """What is in the tree, less the wheel's own metadata."""
    paths = (path for path in tree.rglob("*") if path.is_file())
    return {str(path.relative_to(tree)) for path in paths if "dist-info" not in str(path)}


def record(tree: Path) -> dict[str, str]:
    """RECORD's hash by path."""
    (found,) = tree.rglob("RECORD")
    return {path: sha256 for path, sha256, _ in csv.reader(found.read_text("utf-8").splitlines())}


def test_a_pure_wheel_leaves_the_site_packages_folder_to_the_installer(
    make_wheel: MakeWheel, tree: Path
) -> None:
    wheel = make_wheel("app", files=FILES, console_scripts={"app": "app:main"})
    assert write_wheel_tree(wheel, tree, SUITE) == ("app = app:main",)
    assert files(tree) == {
        "etc/jupyter/app.json",
        "include/python3.11/app/app.h",
        "python-scripts/app-tool",
        "site-packages/app/__init__.py",
    }


def test_an_extension_is_laid_out_as_it_is_in_the_prefix(make_wheel: MakeWheel, tree: Path) -> None:
    wheel = make_wheel("app", tag=EXTENSION, files=FILES, console_scripts={"app": "app:main"})
    assert write_wheel_tree(wheel, tree, SUITE) == ()
    assert files(tree) == {
        "bin/app",
        "bin/app-tool",
        "etc/jupyter/app.json",
        "include/python3.11/app/app.h",
        "lib/python3.11/site-packages/app/__init__.py",
    }


@pytest.mark.parametrize("script", ["bin/app", "bin/app-tool"])
def test_a_script_runs_with_its_prefixs_python(
    make_wheel: MakeWheel, tree: Path, script: str
) -> None:
    wheel = make_wheel("app", tag=EXTENSION, files=FILES, console_scripts={"app": "app:main"})
    write_wheel_tree(wheel, tree, SUITE)
    first = (tree / script).read_text("utf-8").splitlines()[0]
    assert first == f"#!{PREFIX_PLACEHOLDER}/bin/python3.11"


@pytest.mark.parametrize("tag", ["py3-none-any", EXTENSION])
def test_record_names_the_files_as_they_are_in_the_prefix(
    make_wheel: MakeWheel, tree: Path, tag: str
) -> None:
    wheel = make_wheel("app", tag=tag, files=FILES, console_scripts={"app": "app:main"})
    write_wheel_tree(wheel, tree, SUITE)
    entries = record(tree)
    assert {path for path in entries if "dist-info" not in path} == {
        "app/__init__.py",
        "../../../bin/app",
        "../../../bin/app-tool",
        "../../../etc/jupyter/app.json",
        "../../../include/python3.11/app/app.h",
    }
    assert entries["app/__init__.py"].startswith("sha256=")
    assert "app-1.0.dist-info/INSTALLER" in entries


def test_record_has_no_hash_of_a_script_which_gets_its_prefix_later(
    make_wheel: MakeWheel, tree: Path
) -> None:
    wheel = make_wheel("app", tag=EXTENSION, files=FILES, console_scripts={"app": "app:main"})
    write_wheel_tree(wheel, tree, SUITE)
    entries = record(tree)
    assert entries["../../../bin/app"] == entries["../../../bin/app-tool"] == ""


def test_conda_is_named_as_the_installer(make_wheel: MakeWheel, tree: Path) -> None:
    write_wheel_tree(make_wheel("app"), tree, SUITE)
    installer = tree / "site-packages/app-1.0.dist-info/INSTALLER"
    assert installer.read_text("utf-8") == "conda\n"


def test_what_a_server_never_uses_is_neither_laid_out_nor_recorded(
    make_wheel: MakeWheel, tree: Path
) -> None:
    wheel = make_wheel("app", files={"app/__init__.py": "", "app/tests/test_app.py": ""})
    write_wheel_tree(wheel, tree, SUITE)
    assert files(tree) == {"site-packages/app/__init__.py"}
    assert not any("tests" in path for path in record(tree))


def test_what_is_left_out_is_compared_with_the_wheels_record_too(
    make_wheel: MakeWheel, tree: Path
) -> None:
    wheel = make_wheel("app", files={"app/tests/data": ""}, tampered="app/tests/data")
    with pytest.raises(WheelError, match="is not a valid wheel"):
        write_wheel_tree(wheel, tree, SUITE)


def test_a_file_that_differs_from_the_wheels_own_record_is_refused(
    make_wheel: MakeWheel, tree: Path
) -> None:
    wheel: Wheel = make_wheel("app", files=FILES, tampered="app/__init__.py")
    with pytest.raises(WheelError, match=r"app-1\.0-py3-none-any\.whl is not a valid wheel"):
        write_wheel_tree(wheel, tree, SUITE)
