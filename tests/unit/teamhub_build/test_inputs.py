"""npm packages are what locks/npm pins, or the build stops and says which one is not."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from teamhub_build.inputs import fetch_npm_prefix
from teamhub_build.npm import npm_command
from teamhub_build.progress import Progress
from teamhub_build.wheelhouse import InputError
from teamhub_build.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A checkout whose locks/npm pins one package, by a tarball that lies next to the checkout."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "package.json").write_text('{"name": "routes", "version": "1.2.3"}')
    pack = [*npm_command(), "pack", "--pack-destination", str(tmp_path)]
    subprocess.run(pack, cwd=package, check=True, capture_output=True)
    tarball = tmp_path / "routes-1.2.3.tgz"
    pins = tmp_path / "checkout/locks/npm"
    pins.mkdir(parents=True)
    wanted = {"dependencies": {"routes": f"file:{tarball}"}}
    (pins / "package.json").write_text(json.dumps(wanted))
    pin = {"version": "1.2.3", "resolved": f"file:{tarball}", "integrity": integrity(tarball)}
    lock = {"lockfileVersion": 3, "packages": {"": wanted, "node_modules/routes": pin}}
    (pins / "package-lock.json").write_text(json.dumps(lock))
    return Workspace(tmp_path / "checkout")


def integrity(tarball: Path) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()


def fetch(workspace: Workspace) -> Path:
    return fetch_npm_prefix(workspace, offline=False, progress=Progress())


def test_lays_out_what_is_pinned(workspace: Workspace) -> None:
    assert (fetch(workspace) / "node_modules/routes/package.json").exists()


def test_what_is_laid_out_is_asked_of_npm_once(workspace: Workspace) -> None:
    prefix = fetch(workspace)
    before = prefix.stat().st_ino
    assert fetch(workspace) == prefix
    assert prefix.stat().st_ino == before


def test_a_file_that_has_changed_since_is_laid_out_anew(workspace: Workspace) -> None:
    manifest = fetch(workspace) / "node_modules/routes/package.json"
    pinned = manifest.read_text("utf-8")
    manifest.write_text('{"name": "other"}', "utf-8")
    fetch(workspace)
    assert manifest.read_text("utf-8") == pinned


def test_other_pins_are_laid_out_anew(workspace: Workspace) -> None:
    before = fetch(workspace)
    with (workspace.repository / "locks/npm/package.json").open("a", encoding="utf-8") as pins:
        pins.write("\n")
    assert fetch(workspace) != before


def test_names_a_package_that_differs_with_both_hashes(
    workspace: Workspace, tmp_path: Path
) -> None:
    tarball = tmp_path / "routes-1.2.3.tgz"
    pinned = integrity(tarball)
    shutil.copy(
        shutil.make_archive(str(tmp_path / "other"), "gztar", tmp_path / "package"), tarball
    )
    with pytest.raises(InputError) as refused:
        fetch(workspace)
    assert refused.value.problem == (
        f"routes 1.2.3 is not what its pin says: expected {pinned}, got {integrity(tarball)}"
    )
