"""The pins of everything that the embedded channel is made of: what `make lock` renews.

A pin is a name, a version and a hash; the address that it came from is left out, so that a
machine with a mirror of its own uses the same pins.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from teamhub_build.npm import npm_command
from teamhub_build.packages.left_out import PROJECTS
from teamhub_build.suites import SUITES, Suite
from teamhub_build.wheelhouse import manylinux_platforms
from teamhub_shared import TeamhubError

HEADER = "# Renewed by `make lock`. Each hash is the wheel for Python {python} and glibc {glibc}.\n"


class PinError(TeamhubError):
    """The inputs could not be resolved into pins."""


def write_pins(repository: Path) -> None:
    """Renews `locks/<suite>/wheels.txt` of every suite and `locks/npm/package-lock.json`.

    Raises PinError when uv or npm cannot resolve the requirements.
    """
    locks = repository / "locks"
    for suite in SUITES.values():
        pins = locks / suite.codename / "wheels.txt"
        pins.parent.mkdir(exist_ok=True)
        pins.write_text(wheel_pins(locks, suite), "utf-8")
    (locks / "npm/package-lock.json").write_text(npm_pins(locks / "npm/package.json"), "utf-8")


def wheel_pins(locks: Path, suite: Suite) -> str:
    """The text of a requirements file that pins each wheel of `suite` by version and hash."""
    with tempfile.TemporaryDirectory() as folder:
        resolution, excludes = Path(folder) / "pylock.toml", Path(folder) / "excludes.txt"
        excludes.write_text("\n".join(sorted(PROJECTS)), "utf-8")
        _run([*_uv_command(locks, suite, resolution), "--excludes", str(excludes)], cwd=locks)
        packages = tomllib.loads(resolution.read_text("utf-8"))["packages"]
    supported = list(supported_tags(suite))
    header = HEADER.format(python=suite.python, glibc=suite.glibc)
    return header + "".join(_pin(package, supported) for package in packages)


def supported_tags(suite: Suite) -> Iterator[Tag]:
    """The wheel tags that `suite`'s own python accepts on amd64, the most specific first."""
    python = tuple(int(part) for part in suite.python.split("."))
    platforms = manylinux_platforms(suite.glibc)
    yield from cpython_tags(python, platforms=platforms)
    yield from compatible_tags(python, f"cp{suite.python.replace('.', '')}", platforms)


def npm_pins(package_json: Path) -> str:
    """The text of a package-lock.json with integrity hashes and without addresses."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "package.json").write_bytes(package_json.read_bytes())
        install = ["install", "--package-lock-only", "--ignore-scripts", "--omit=dev"]
        _run([*npm_command(), *install, "--omit-lockfile-registry-resolved"], cwd=Path(folder))
        return (Path(folder) / "package-lock.json").read_text("utf-8")


def _uv_command(locks: Path, suite: Suite, resolution: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header"),
        *("--upgrade", "--only-binary", ":all:", "--format", "pylock.toml", "--system-certs"),
        # else uv looks for an interpreter of that version, and downloads one where there is none
        *("--python", sys.executable, "--no-python-downloads"),
        *("--python-version", suite.python, "--python-platform", _uv_platform(suite)),
        *("--output-file", str(resolution), str(locks / "wheels.in")),
    ]


def _uv_platform(suite: Suite) -> str:
    # uv knows manylinux platforms up to glibc 2.40 only
    minor = min(int(suite.glibc.partition(".")[2]), 40)
    return f"x86_64-manylinux_2_{minor}"


def _pin(package: dict[str, Any], supported: list[Tag]) -> str:
    """A package of uv's resolution (PEP 751) as a requirement on the wheel an installer prefers."""
    ranked = [
        (supported.index(tag), wheel["hashes"]["sha256"])
        for wheel in package["wheels"]
        for tag in parse_wheel_filename(_filename(wheel))[3]
        if tag in supported
    ]
    _, sha256 = min(ranked)
    return f"{package['name']}=={package['version']} \\\n    --hash=sha256:{sha256}\n"


def _filename(wheel: dict[str, Any]) -> str:
    """A wheel's file name; from an index it has an address, out of a folder a path (PEP 751)."""
    return Path(wheel.get("url") or wheel["path"]).name


def _run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise PinError(
            f"{Path(command[0]).name} could not resolve the pins:\n{done.stderr.strip()}",
            "read the message above; it names the requirement that does not fit",
        )
