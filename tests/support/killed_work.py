"""Work on servers that is killed at a counted program, and finished by hand.

What comes of it is compared with what comes of the same work when nothing happens to it.
"""

from __future__ import annotations

import contextlib
import difflib
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile

from support.container import BootedServer
from support.exec_counter import ExecCounter
from support.installation import APT, Target, booted, installed_version, wait_for_login_page
from support.layers import Overlay
from support.server_state import State, differences, shown, state_of

#: Does the work on a server, below a counter.
Work = Callable[[BootedServer, ExecCounter], None]

UNITS = ("teamhub.service", "teamhub-proxy.service", "teamhub-certificates.timer",
         "teamhub-database.timer")  # fmt: skip
#: What dpkg's manual says is to be typed after an interruption, and apt, too.
CONFIGURE = ("dpkg", "--configure", "-a")
#: What else apt says.
REPAIR = re.compile(r"\bapt(?:-get)? --fix-broken install\b")
#: So often the work may start fewer programs than before, until it counts as a fault.
ATTEMPTS = 3


@dataclass(frozen=True)
class OnLayer:
    """A server, and the layer that has its changes."""

    server: BootedServer
    overlay: Overlay
    #: At which of its programs the work was killed here.
    killed_at: str = ""


@dataclass(frozen=True)
class Result:
    """What the work comes to."""

    #: The CA certificate that the team imports.
    ca: Path
    #: What debconf knows of the package.
    answers: list[str]
    #: What is active, what is enabled, and what has failed.
    units: list[str]
    state: State


@dataclass(frozen=True)
class Reference:
    """Work to which nothing has happened."""

    work: Work
    #: How many programs it starts.
    programs: int
    #: What it comes to.
    clean: Result


class Bench:
    """Servers that are all in the same state, each booted on a layer of its own."""

    def __init__(self, target: Target, layers: Sequence[Path], folder: Path) -> None:
        self.target = target
        self._layers = layers
        self._folder = folder
        self._servers = 0
        #: The tree that each server has in the beginning.
        self.before = Overlay(folder / "before", layers)

    def close(self) -> None:
        """Take away what the servers had below them."""
        self.before.discard()

    @contextlib.contextmanager
    def boot(self) -> Iterator[OnLayer]:
        """One more server."""
        self._servers += 1
        folder = self._folder / str(self._servers)
        overlay = Overlay(folder / "layers", self._layers)
        try:
            with booted(overlay, self.target, folder / "boot.log") as server:
                yield OnLayer(server, overlay)
                server.cut_power()
        finally:
            overlay.discard()

    def reference(self, work: Work) -> Reference:
        """Do the work, and have nothing happen to it."""
        with self.boot() as one:
            with ExecCounter(one.server) as counter:
                work(one.server, counter)
            return Reference(work, len(counter.programs), self.result(one))

    @contextlib.contextmanager
    def killed(
        self, work: Work, step: int, first: Callable[[BootedServer], None] | None = None
    ) -> Iterator[OnLayer]:
        """A server on which the work was killed at this step; `first` is done before.

        How many programs there are depends a little on the time that they take (one flushes a file
        system again and again); where there are fewer this time, it is killed at the last one.
        """
        for _ in range(ATTEMPTS):
            with self.boot() as one:
                if first:
                    first(one.server)
                with ExecCounter(one.server, step) as counter:
                    work(one.server, counter)
                if counter.killed:
                    yield replace(one, killed_at=f"{counter.programs[-1]}, the {step}th")
                    return
            step = len(counter.programs)
        raise AssertionError(f"the work has ended {ATTEMPTS} times before its step {step}")

    def result(self, one: OnLayer) -> Result:
        """What a server has come to; it serves its login page, and dpkg has nothing to do."""
        server = one.server
        assert server.output("dpkg", "--audit") == ""
        ca = server.log.parent / "ca.crt"
        ca.write_text(server.run("teamhub", "tls", "ca").stdout)
        wait_for_login_page(server, ca)
        questions = (("is-active", *UNITS), ("is-enabled", *UNITS), ("--failed", "--quiet"))
        units = [
            f"{' '.join(each)}: {line}"
            for each in questions
            for line in server.run("systemctl", *each, check=False).stdout.splitlines()
        ]
        answers = sorted(server.run("debconf-show", "teamhub").stdout.splitlines())
        return Result(ca, answers, units, state_of(one.overlay))

    def expect(self, one: OnLayer, clean: Result) -> None:
        """Assert that a server is as one on which nothing was killed."""
        found = self.result(one)
        lines = [
            *difflib.ndiff(clean.answers, found.answers),
            *difflib.ndiff(clean.units, found.units),
        ]
        lines = [line for line in lines if not line.startswith(" ")]
        lines += differences(clean.state, self.before.root, found.state, one.overlay.root)
        assert not lines, f"killed at {one.killed_at}: {shown(lines)}"


def install_command(target: Target) -> tuple[str, ...]:
    """What installs the target's package, or upgrades to it."""
    return (*APT, "install", target.package_on_server)


def by_apt(target: Target) -> Work:
    """The work of `install_command`; AssertionError where it fails and was not killed."""
    command = install_command(target)

    def work(server: BootedServer, counter: ExecCounter) -> None:
        with TemporaryFile("w+") as output:
            with subprocess.Popen(
                server.command(*command, DEBIAN_FRONTEND="noninteractive"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process:
                counter.follow(process.pid)
            output.seek(0)
            said = output.read()
        assert counter.killed or process.returncode == 0, said[-3000:]

    return work


def finish(server: BootedServer, target: Target) -> None:
    """Do what an admin does after apt was killed, until dpkg calls the target's package installed.

    That is what dpkg's manual says, and, where it does not help, the same command once more; what
    apt names then comes before the next time.
    """
    command = install_command(target)
    version = target.package.name.split("_")[1]
    said = ""
    for typed in (CONFIGURE, command, None, command):
        line = tuple(typed or _named(said))
        done = server.run(*line, check=False, DEBIAN_FRONTEND="noninteractive")
        said += f"# {' '.join(line)}\n{done.stdout}{done.stderr}"
        if done.returncode == 0 and _state(server) == f"{version} install ok installed":
            return
    raise AssertionError(f"dpkg cannot finish:\n{said}")


def _named(said: str) -> Sequence[str]:
    found = REPAIR.search(said)
    return (*found[0].split(), "--yes") if found else CONFIGURE


def _state(server: BootedServer) -> str:
    try:
        return installed_version(server)
    except AssertionError:  # dpkg does not know the package
        return ""
