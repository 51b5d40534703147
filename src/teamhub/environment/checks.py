"""What a generation must be able to do before anybody is given it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from teamhub.environment.remedies import again
from teamhub.system import failure
from teamhub_shared import TeamhubError

#: An ordinary account that owns nothing, as people's own do not own the environment.
ACCOUNT, GROUP = "nobody", "nogroup"
TIMEOUT_SECONDS = 180.0

#: Starts a kernel as JupyterLab does and runs a cell in it; imports, while the kernel starts, what
#: every person's server imports.
RUN_CELL = """
import sys
from jupyter_client.manager import KernelManager

manager = KernelManager(kernel_name="python3")
manager.start_kernel()
client = manager.client()
client.start_channels()
try:
    import ipykernel, jupyterlab
    client.wait_for_ready(timeout=120)
    answer = client.execute_interactive("print(6 * 7)", timeout=60, output_hook=lambda _: None)
    content = answer["content"]
    if content["status"] != "ok":
        sys.exit(f"the kernel cannot run a cell: {content.get('evalue')}")
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


@dataclass(frozen=True)
class Check:
    """A program in a generation that has to succeed."""

    program: str
    arguments: tuple[str, ...]


CHECKS = (
    Check("user/bin/python3", ("-s", "-c", RUN_CELL)),
    Check("user/bin/python3", ("-s", "-m", "pip", "check", "--disable-pip-version-check")),
    Check("user/bin/jupyterhub-singleuser", ("--version",)),
    Check("hub/bin/jupyterhub", ("--version",)),
    Check("hub/bin/node", ("--version",)),
)


class BrokenGeneration(TeamhubError):
    """A generation does not pass its own check."""


def check(generation: Path, checks: Sequence[Check] = CHECKS) -> None:
    """Run a generation's programs, two at a time.

    Raises BrokenGeneration with the first one's own words.
    """
    with tempfile.TemporaryDirectory(prefix="teamhub-check-") as folder:
        # The kernel's files go here: the account has no home.
        home = Path(folder)
        home.chmod(0o777)
        with ThreadPoolExecutor(max_workers=2) as workers:
            for _ in workers.map(lambda each: run_check(generation, each, home), checks):
                pass


def run_check(generation: Path, check: Check, home: Path) -> None:
    """Run one program, as an account that owns nothing."""
    command = [str(generation / check.program), *check.arguments]
    try:
        done = subprocess.run(
            command,
            user=ACCOUNT,
            group=GROUP,
            extra_groups=(),
            cwd="/",
            env={
                "PATH": f"{generation}/user/bin:/usr/bin:/bin",
                "HOME": str(home),
                "LANG": "C.UTF-8",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    except OSError as error:
        raise broken(f"{command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise broken(f"{command[0]} did not end within {TIMEOUT_SECONDS:.0f} s") from error
    if done.returncode:
        # A program that was given as text is told by what it printed.
        done.args = [argument for argument in command if "\n" not in argument]
        raise broken(failure(done))


def broken(problem: str) -> BrokenGeneration:
    """The error for a generation that must not be used."""
    return BrokenGeneration(
        f"the new environment does not work: {problem}",
        f"the one before stays in use; take out what it names, then: {again()}",
    )
