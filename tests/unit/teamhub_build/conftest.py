"""Inputs of a channel as small as can be: real wheels, and a tree such as npm makes."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from teamhub_build.packages.wheel import Wheel
from teamhub_build.suites import Suite, machine_suite

NPM_SCRIPT = "#!/usr/bin/env node\nconsole.log(require('helper'))\n"
NPM_MANIFEST = json.dumps(
    {
        "version": "5.3.0",
        "license": "BSD-3-Clause",
        "description": "A proxy",
        "bin": {"configurable-http-proxy": "bin/proxy"},
    }
)


class MakeWheel(Protocol):
    """Writes a wheel file (PEP 427) with a true RECORD."""

    def __call__(
        self,
        project: str,
        version: str = "1.0",
        *,
        tag: str = "py3-none-any",
        requires: Sequence[str] = (),
        metadata: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
        console_scripts: Mapping[str, str] | None = None,
        tampered: str = "",
    ) -> Wheel: ...


@pytest.fixture
def suite() -> Suite:
    """The machine's own suite, whose python is there to compile and to run."""
    return machine_suite()


@pytest.fixture
def wheel_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def make_wheel(wheel_folder: Path) -> MakeWheel:
    return functools.partial(write_wheel, wheel_folder)


def write_wheel(
    folder: Path,
    project: str,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    requires: Sequence[str] = (),
    metadata: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
    console_scripts: Mapping[str, str] | None = None,
    tampered: str = "",
) -> Wheel:
    """Write a wheel file into a folder."""
    stem = f"{project.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    said = [f"Metadata-Version: 2.4\nName: {project}\nVersion: {version}\n"]
    said += [f"Requires-Dist: {requirement}\n" for requirement in requires]
    said += [f"{line}\n" for line in metadata]
    scripts = [f"{name} = {target}\n" for name, target in (console_scripts or {}).items()]
    pure = str(tag.endswith("-any")).lower()
    content = {
        **(files or {}),
        f"{info}/METADATA": "".join(said),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tag}\n",
        f"{info}/entry_points.txt": "".join(["[console_scripts]\n", *scripts]),
    }
    record = "".join(_record_line(name, text) for name, text in content.items())
    content[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text + ("tampered" if name == tampered else ""))
    return Wheel(path)


def _record_line(name: str, text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"{name},sha256={digest.decode()},{len(text.encode())}\n"


@pytest.fixture
def npm_prefix(tmp_path: Path) -> Path:
    return write_npm_prefix(tmp_path / "npm")


def write_npm_prefix(folder: Path) -> Path:
    """Write a tree as `npm ci` leaves it: the proxy, a module that it needs, npm's own notes."""
    modules = folder / "node_modules"
    proxy = modules / "configurable-http-proxy"
    write_text(proxy / "bin/proxy", NPM_SCRIPT)
    write_text(proxy / "package.json", NPM_MANIFEST)
    write_text(modules / "helper/index.js", "module.exports = 'helped'\n")
    write_text(modules / ".package-lock.json", "{}")
    write_text(modules / ".bin/proxy", NPM_SCRIPT)
    (proxy / "bin/proxy").chmod(0o755)
    return folder


def write_text(path: Path, text: str) -> None:
    """Writes a file, and the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
