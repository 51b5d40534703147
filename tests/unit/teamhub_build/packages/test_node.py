"""What the channel takes from npm's tree."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from teamhub_build.npm import npm_command
from teamhub_build.packages.conda_file import PREFIX_PLACEHOLDER
from teamhub_build.packages.node import OLDEST_NODEJS, NpmTreeError, proxy_recipe
from unit.teamhub_build.conftest import NPM_SCRIPT, write_text


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    return tree


def test_it_needs_a_node_that_every_suite_has(npm_prefix: Path) -> None:
    package = proxy_recipe(npm_prefix).package
    assert package.filename == "configurable-http-proxy-5.3.0-npm_0.conda"
    assert package.depends == (f"nodejs >={OLDEST_NODEJS}",)


def test_the_modules_that_it_needs_are_inside_it_and_npms_notes_and_their_tests_are_not(
    npm_prefix: Path, tree: Path
) -> None:
    write_text(npm_prefix / "node_modules/helper/test/index.js", "")
    proxy_recipe(npm_prefix).write_tree(tree)
    home = "lib/node_modules/configurable-http-proxy"
    assert {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()} == {
        "bin/configurable-http-proxy",
        f"{home}/bin/proxy",
        f"{home}/node_modules/helper/index.js",
        f"{home}/package.json",
    }


def test_it_names_every_module_that_ships(npm_prefix: Path) -> None:
    modules = npm_prefix / "node_modules"
    inside = modules / "helper/node_modules/@scope/inner"
    for folder, version in ((modules / "helper", "1.0.0"), (inside, "2.0.0-beta+x")):
        write_text(folder / "package.json", f'{{"version": "{version}"}}')
    # manifests that are not a module's own, or stay behind
    for place in ("helper/dist", "helper/test/node_modules/made-up", ".bin"):
        write_text(modules / place / "package.json", "{}")
    assert proxy_recipe(npm_prefix).package.purls == (
        "pkg:npm/%40scope/inner@2.0.0-beta%2Bx",
        "pkg:npm/configurable-http-proxy@5.3.0",
        "pkg:npm/helper@1.0.0",
    )


def test_it_runs_with_its_prefixs_node_and_no_other(npm_prefix: Path, tree: Path) -> None:
    proxy_recipe(npm_prefix).write_tree(tree)
    program = tree / "bin/configurable-http-proxy"
    text = program.read_text("utf-8")
    assert text.splitlines()[0] == f"#!{PREFIX_PLACEHOLDER}/bin/node"
    assert text.splitlines()[1:] == NPM_SCRIPT.splitlines()[1:]


def test_node_finds_its_modules(npm_prefix: Path, tree: Path) -> None:
    proxy_recipe(npm_prefix).write_tree(tree)
    node, _ = npm_command()
    printed = subprocess.check_output([node, tree / "bin/configurable-http-proxy"])
    assert printed == b"helped\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda modules: (modules / "configurable-http-proxy/package.json").unlink(),
        lambda modules: write_text(modules / "configurable-http-proxy/package.json", "{}"),
    ],
)
def test_a_tree_that_cannot_be_described_is_refused(
    npm_prefix: Path, change: Callable[[Path], None]
) -> None:
    change(npm_prefix / "node_modules")
    with pytest.raises(NpmTreeError, match="no usable configurable-http-proxy"):
        proxy_recipe(npm_prefix)


def test_a_script_that_names_another_interpreter_is_refused(npm_prefix: Path, tree: Path) -> None:
    write_text(npm_prefix / "node_modules/configurable-http-proxy/bin/proxy", "#!/bin/sh\n")
    with pytest.raises(NpmTreeError, match="does not start with env's node"):
        proxy_recipe(npm_prefix).write_tree(tree)


def test_a_changed_module_is_another_source(npm_prefix: Path) -> None:
    before = proxy_recipe(npm_prefix).source_sha256
    write_text(npm_prefix / "node_modules/helper/index.js", "module.exports = 'changed'\n")
    assert proxy_recipe(npm_prefix).source_sha256 != before
