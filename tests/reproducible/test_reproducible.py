"""Two builds of the same commit, in two different worlds, give the same .deb byte for byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.checkout import REPOSITORY, copy_checkout
from teamhub_build.suites import machine_suite
from teamhub_build.workspace import Workspace

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
    if not Workspace(REPOSITORY).inputs.exists():
        pytest.fail("nothing was fetched yet: run make first")
    suite = machine_suite()
    wanted = (f"tools-{suite.python}", f"wheels-{suite.codename}", "vendored", "npm-cache")
    return copy_checkout(tmp_path / "checkout", [f"inputs/{name}" for name in wanted])


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
