"""Small Python packages, as wheels and as sdists whose own code builds a wheel."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

#: A build backend that makes a wheel of one module, which says who has built it, and what came of
#: writing to some paths.
BACKEND = """\
import os, pathlib, zipfile

FILES = {
    "NAME-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n",
    "NAME-1.0.dist-info/WHEEL":
        "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "NAME-1.0.dist-info/RECORD": "NAME.py,,\\n",
}

def attempt(path):
    try:
        pathlib.Path(path).write_text("was here")
    except OSError as error:
        return type(error).__name__
    return "done"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    said = {path: attempt(path) for path in ATTEMPTS}
    module = f"UID, SAID = {os.getuid()}, {said!r}"
    with zipfile.ZipFile(f"{folder}/NAME-1.0-py3-none-any.whl", "w") as wheel:
        for path, text in {"NAME.py": module, **FILES}.items():
            wheel.writestr(path, text)
    return "NAME-1.0-py3-none-any.whl"
"""
PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    requires: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
) -> Path:
    """Add a wheel with one module that says its version, and more files if there are some."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    content = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **(files or {}),
    }
    lines = [*(f"{path},," for path in content), f"{info}/RECORD,,"]
    file = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        for path, text in {**content, f"{info}/RECORD": "\n".join(lines)}.items():
            wheel.writestr(path, text)
    return file


def make_sdist(folder: Path, name: str, attempts: Iterable[str] = ()) -> Path:
    """Add version 1.0 as an sdist, whose code tries to write to these paths when it is built."""
    file = folder / f"{name}-1.0.tar.gz"
    backend = BACKEND.replace("NAME", name).replace("ATTEMPTS", repr(list(attempts)))
    content = {
        "pyproject.toml": PYPROJECT,
        "backend.py": backend,
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
    }
    with tarfile.open(file, "w:gz") as archive:
        for path, text in content.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return file
