"""The pins of the build's and the tests' own tools: requirements/NAME.in makes NAME.txt."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from teamhub_build.commands import run_logged
from teamhub_build.progress import Progress
from teamhub_build.suites import EVERY_SUITE


def write_requirements(repository: Path, *, log: Path, progress: Progress) -> None:
    """Renew every requirements/*.txt; one file holds for the Pythons of all suites.

    The build's tools come first: whatever else is pinned shares one environment with them, and
    is pinned to their versions.  Raises CommandError when uv finds no versions that fit.
    """
    folder = repository / "requirements"
    build = folder / "build.in"
    others = sorted(path for path in folder.glob("*.in") if path != build)
    for wanted in (build, *others):
        progress.stage(f"pinning {wanted.name}")
        pinned = build.with_suffix(".txt")
        constraints = () if wanted == build else ("--constraints", pinned)
        run_logged(
            [
                *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--upgrade"),
                *("--system-certs", "--universal", "--python-version", EVERY_SUITE.python),
                *("--generate-hashes", "--no-annotate"),
                *constraints,
                *("--output-file", wanted.with_suffix(".txt"), wanted),
            ],
            cwd=repository,
            env={**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"},
            log=log,
        )
