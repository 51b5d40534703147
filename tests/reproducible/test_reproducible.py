"""Two builds of the same commit, in two different worlds, give the same .deb byte for byte."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from teamhub_build.suites import machine_suite
from teamhub_build.workspace import Workspace

REPOSITORY = Path(__file__).parents[2]

#: What differs between the two builds.  Left out, for want of rights that a container may not give:
#: the order of directories (disorderfs needs FUSE), the host's name (a UTS namespace), the user.
VARIATIONS = (
    *("time", "timezone", "locales", "umask", "exec_path", "home", "environment", "build_path"),
    *("aslr", "num_cpus"),
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The committed files as they lie in the work tree, and the inputs that were fetched for them.

    Nothing that an earlier build has made comes along.
    """
    folder = tmp_path / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, folder / name)
    inputs = Workspace(REPOSITORY).inputs
    if not inputs.exists():
        pytest.fail("nothing was fetched yet: run make first")
    suite = machine_suite()
    wanted = (f"tools-{suite.python}", f"wheels-{suite.codename}", "vendored", "npm-cache")
    for name in wanted:
        shutil.copytree(
            inputs / name, Workspace(folder).inputs / name, copy_function=os.link, symlinks=True
        )
    return folder


def test_two_builds_are_byte_identical(checkout: Path) -> None:
    build = "/usr/bin/python3 build.py --offline --profile minimal --output result"
    done = subprocess.run(
        [
            *("reprotest", "--no-diffoscope", "--min-cpus", "1"),
            f"--variations=-all,{','.join(f'+{variation}' for variation in VARIATIONS)}",
            *("-c", build, ".", "result/*.deb", "--", "null"),
        ],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "Reproduction successful" in done.stdout
