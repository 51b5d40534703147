"""What a generation must be able to do before people get it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from teamhub.environment.by_hand import files
from teamhub.system import sandbox
from teamhub.system.remedies import retry_command, retry_env_command
from teamhub.system.run import failure
from teamhub_shared import TeamhubError

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


class Check(Protocol):
    """Something that a generation has to be able to do."""

    @property
    def environment(self) -> str:
        """The environment whose packages it needs: hub or user."""

    @property
    def of_packages_alone(self) -> bool:
        """Whether the result depends on the packages only, and on nothing else of the server."""

    def run(self, generation: Path) -> None:
        """Try it; raises TeamhubError if it does not work."""


@dataclass(frozen=True)
class Program:
    """A program in a generation that has to succeed."""

    path: str
    arguments: tuple[str, ...]
    of_packages_alone = True

    @property
    def environment(self) -> str:
        """The environment that has the program."""
        return self.path.partition("/")[0]

    def run(self, generation: Path) -> None:
        """Run it as an account that owns nothing, as people do not own the environment.

        Raises BrokenGeneration with its own words.
        """
        # Among the generations, where the next command removes what a killed one has left.
        with sandbox.folder(generation.resolve().parent, ".check-") as own:
            run_program([str(generation / self.path), *self.arguments], generation, own)


USER_PROGRAMS = (
    # The longest first, so that two at a time end soonest.
    Program("user/bin/jupyterhub-singleuser", ("--version",)),
    Program("user/bin/python3", ("-s", "-c", RUN_CELL)),
    Program("user/bin/python3", ("-s", "-m", "pip", "check", "--disable-pip-version-check")),
)
NODE = Program("hub/bin/node", ("--version",))
JUPYTERHUB = Program("hub/bin/jupyterhub", ("--version",))
CHECKS: tuple[Check, ...] = (*USER_PROGRAMS, JUPYTERHUB, NODE)


class BrokenGeneration(TeamhubError):
    """A generation does not pass its own check."""


class DamagedEnvironment(TeamhubError):
    """Files of the hub's environment were changed or are gone."""


def refuse_damage(generation: Path) -> None:
    """Raise DamagedEnvironment if the hub's environment is not what its packages brought.

    It takes a second, so it is for a hub that does not start: its own words seldom say why.
    """
    hub = generation / "hub"
    damaged = files.compare(hub.resolve()).damaged if hub.is_dir() else {}
    for package, paths in damaged.items():
        count = sum(map(len, damaged.values())) - 1
        more = f" (and {count} more)" if count else ""
        raise DamagedEnvironment(
            f"the hub's environment is damaged: {hub}/{paths[0]} of package {package}"
            f" is changed or gone{more}",
            f"type: teamhub env repair, then: {retry_command()}",
        )


class Checking:
    """The checks of a generation that is being filled."""

    def __init__(
        self, generation: Path, checks: Sequence[Check], workers: ThreadPoolExecutor
    ) -> None:
        self.generation = generation
        self.checks = checks
        self._workers = workers
        self._begun: list[Future[None]] = []

    def begin(self, environment: str) -> None:
        """Begin the checks of an environment that is installed now."""
        for check in self.checks:
            if check.environment == environment:
                self._begun.append(self._workers.submit(check.run, self.generation))

    def end(self) -> None:
        """Wait for all; raises the error of the first that failed."""
        for check in self._begun:
            check.result()


@contextmanager
def running_checks(generation: Path, checks: Sequence[Check]) -> Iterator[Checking]:
    """The checks, two at a time.

    When the block ends, what has begun ends too, and the rest is dropped.
    """
    workers = ThreadPoolExecutor(max_workers=2)
    try:
        yield Checking(generation, checks, workers)
    finally:
        workers.shutdown(cancel_futures=True)


def run_program(command: Sequence[str], generation: Path, own: Path) -> None:
    """Run a generation's program with the folder `own` for its files.

    Raises BrokenGeneration.
    """
    environment = {
        "PATH": f"{generation}/user/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = sandbox.run(command, own, environment, seconds=TIMEOUT_SECONDS)
    except OSError as error:
        raise broken(f"{command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise broken(f"{command[0]} did not end within {TIMEOUT_SECONDS:.0f} s") from error
    if done.returncode:
        # The text of a program is left out: what it printed says enough.
        done.args = [argument for argument in command if "\n" not in argument]
        raise broken(failure(done))


def broken(problem: str) -> BrokenGeneration:
    """The error for a generation that must not be used."""
    return BrokenGeneration(
        f"the new environment does not work: {problem}",
        f"the one before stays in use; fix environment.yml, then: {retry_env_command()}",
    )
