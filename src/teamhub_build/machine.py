"""The build machine: the Debian packages and the Python environment that a build needs.

Runs before anything is installed, so the standard library has to do.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from teamhub_build.commands import as_root, run_logged
from teamhub_build.progress import Progress
from teamhub_build.wheelhouse import Target, fetch_wheels
from teamhub_build.workspace import Workspace
from teamhub_shared import TeamhubError

#: What building needs in addition to the standard system, on the machine and in a suite's root;
#: debian/control's Build-Depends are among them, and stdeb asks for python3-all.
BUILD_PACKAGES = (
    "build-essential",
    "debhelper",
    "dh-python",
    "lintian",
    "po-debconf",
    "python3",
    "python3-all",
    "python3-setuptools",
    "python3-venv",
    "sudo",
)

#: What making a clean root of another suite takes, on the machine.
ROOT_PACKAGES = ("debian-archive-keyring", "mmdebstrap", "util-linux")

#: Hands the time of the start to the process that takes over in the tools' environment.
START = "TEAMHUB_BUILD_START"

SYSTEM_PYTHON = Path("/usr/bin/python3")


class MachineError(TeamhubError):
    """The machine lacks something that the build cannot or may not install."""


def missing_packages(wanted: Iterable[str]) -> list[str]:
    """Those of `wanted` that are not installed, in their order."""
    wanted = list(wanted)
    query = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n", *wanted],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    installed = {
        name for status, name in map(str.split, query.stdout.splitlines()) if status == "installed"
    }
    return [name for name in wanted if name not in installed]


def install_packages(
    wanted: Iterable[str], *, workspace: Workspace, offline: bool, progress: Progress
) -> None:
    """Install those of `wanted` that the machine lacks, through apt.

    Raises MachineError when `offline` forbids it, CommandError when apt fails.
    """
    missing = missing_packages(wanted)
    if not missing:
        return
    if offline:
        raise MachineError(
            f"Debian packages that the build needs are not installed: {', '.join(missing)}",
            f"build once without --offline, or: apt-get install {' '.join(missing)}",
        )
    progress.stage(f"installing Debian packages: {', '.join(missing)}")
    log = workspace.logs / "apt.log"
    apt = [*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    run_logged([*apt, "update"], log=log)
    run_logged(
        [*apt, "install", "--yes", "--no-install-recommends", *missing],
        log=log,
        show=lambda line: progress(line) if line.startswith("Setting up") else None,
    )


def tool_environment(workspace: Workspace, *, offline: bool, progress: Progress) -> Path:
    """The interpreter of a virtual environment over Debian's own Python with the build's tools.

    Made from requirements/build.txt when there is none yet for that file and that Python.
    Raises InputError for a tool whose hash differs, CommandError when pip fails.
    """
    requirements = workspace.repository / "requirements/build.txt"
    python = system_python_version()
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    environment = workspace.folder / f"venv-{python}-{digest}"
    interpreter = environment / "bin/python"
    complete = environment / "complete"
    if complete.exists():
        return interpreter
    progress.stage(f"making the build's Python environment for Python {python}")
    log = workspace.logs / f"tools-{python}.log"
    run_logged([SYSTEM_PYTHON, "-m", "venv", "--clear", environment], log=log)
    wheels = workspace.tool_wheels(python)
    fetch_wheels(
        requirements,
        wheels,
        target=Target(python),
        pip=[interpreter, "-m", "pip"],
        log=log,
        offline=offline,
        progress=progress,
    )
    run_logged(
        [
            *(interpreter, "-m", "pip", "install", "--require-hashes", "--no-index"),
            *("--find-links", wheels, "--requirement", requirements),
        ],
        log=log,
    )
    complete.touch()
    return interpreter


def enter_tool_environment(
    workspace: Workspace,
    arguments: Sequence[str],
    packages: Iterable[str],
    *,
    offline: bool,
    progress: Progress,
) -> None:
    """Replace this process by one in the build's own environment, unless it is there already.

    `arguments` are build.py's, `packages` what of Debian is to be installed before.
    """
    install_packages(packages, workspace=workspace, offline=offline, progress=progress)
    with workspace.exclusive("tools"):
        python = tool_environment(workspace, offline=offline, progress=progress)
    if not runs_in(python):
        repository = workspace.repository
        command = [str(python), str(repository / "build.py"), *arguments]
        source = str(repository / "src")
        environment = {**os.environ, "PYTHONPATH": source, START: str(progress.start)}
        os.execve(python, command, environment)  # noqa: S606 - a shell has no part in it


def system_python_version() -> str:
    """The minor version of Debian's own Python, such as "3.11"."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    if not SYSTEM_PYTHON.exists():
        raise MachineError(f"{SYSTEM_PYTHON} is missing", "apt-get install python3")
    return subprocess.run(
        [SYSTEM_PYTHON, "-c", program], capture_output=True, encoding="utf-8", check=True
    ).stdout.strip()


def runs_in(environment_python: Path) -> bool:
    """Whether this process runs in the environment of `environment_python`."""
    return Path(sys.prefix) == environment_python.parent.parent
