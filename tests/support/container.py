"""A Debian server booted with systemd-nspawn, for tests that need a real one.

The network interface of every container lands in the caller's network namespace, which is why the
tests run in one of their own (see tests/run.py).
"""

from __future__ import annotations

import contextlib
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

# as so much else of a server, from here
from support.waiting import wait_for as wait_for

CGROUPS = Path("/sys/fs/cgroup")
#: What the name of every container of the tests begins with.
MACHINE_PREFIX = "hub-"
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def inside(leader: str, *command: str, **environment: str) -> list[str]:
    """What runs a command as root in a container, which `leader` is the first process of."""
    variables = {"HOME": "/root", "LANG": "C.UTF-8", "PATH": SEARCH_PATH} | environment
    return [
        *("nsenter", "-t", leader, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"),
        *("--", "/usr/bin/env", "-i", *(f"{k}={v}" for k, v in variables.items())),
        *command,
    ]


def running() -> dict[str, str]:
    """The first process of each container of the tests, in the namespace that /proc shows."""
    found = {}
    for procs in _cgroup_bases()[0].glob(f"{MACHINE_PREFIX}*/**/cgroup.procs"):
        for pid in procs.read_text().split():
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text()
                if re.search(r"^NSpid:.*\s1$", status, re.MULTILINE):
                    found[procs.relative_to(_cgroup_bases()[0]).parts[0]] = pid
    return found


@dataclass(frozen=True)
class Host:
    """The name and the addresses of one server of the tests, and of its gateway."""

    name: str
    address: str
    gateway: str

    @property
    def domain_name(self) -> str:
        return f"{self.name}.test"

    @property
    def url(self) -> str:
        return f"https://{self.domain_name}"


class BootedServer:
    """One container: boots `root`, and runs commands in it as an administrator would."""

    #: Those that this process has booted, for what a test that fails leaves behind.
    booted: ClassVar[list[BootedServer]] = []

    def __init__(self, root: Path, host: Host, log: Path, packages: Path | None = None) -> None:
        """`packages` is a folder that the server sees, read-only, as /mnt."""
        self.root = root
        self.host = host
        self.log = log
        self.packages = packages
        # Short, since an interface's name (ve-NAME) has at most 15 characters; random, since
        # cgroups are the machine's, and another run may be using them.
        self.machine = f"{MACHINE_PREFIX}{secrets.token_hex(3)}"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._log_file: IO[bytes] | None = None
        self._leader = ""
        self._last_journal = ""

    @property
    def label(self) -> str:
        """Its name, which other servers may have, and its container's, which none has."""
        return f"{self.host.name}-{self.machine}"

    def boot(self, seconds: float = 90) -> float:
        """Start the server; the seconds until systemd calls it up."""
        start = time.monotonic()
        if self not in self.booted:
            self.booted.append(self)
        self._start_nspawn()
        self._leader = wait_for("first process in the container", self._find_leader, seconds)
        wait_for("network interface", self._connect_gateway, seconds)
        wait_for("booted system", self._is_up, seconds)
        return time.monotonic() - start

    def command(self, *command: str, **environment: str) -> list[str]:
        """What runs a command inside as root, with root's plain environment, from out here."""
        return inside(self._leader, *command, **environment)

    def run(
        self,
        *command: str,
        check: bool = True,
        given: str | None = None,
        seconds: float = 240,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root, with root's plain environment and `given` as its input.

        Raises AssertionError with the end of what the command printed when it failed.
        """
        result = subprocess.run(
            self.command(*command, **environment),
            input=given or "",
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        if check and result.returncode:
            printed = (result.stdout + result.stderr).splitlines()[-60:]
            raise AssertionError(
                "\n".join([f"{' '.join(command)}: exit status {result.returncode}", *printed])
            )
        return result

    def output(self, *command: str) -> str:
        """What a command prints, without the white space around it."""
        return self.run(*command).stdout.strip()

    def as_user(
        self, user: str, *command: str, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as somebody else, with that account's groups and nothing of root's."""
        return self.run("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups",
                        "--reset-env", "--", *command, check=check)  # fmt: skip

    def journal(self, *units: str, lines: int = 80) -> str:
        """The last journal lines of these units, or of everything."""
        choice = [f"--unit={unit}" for unit in units]
        return self.run("journalctl", "--no-pager", f"--lines={lines}", *choice).stdout

    def whole_journal(self) -> str:
        """All of the journal, also that of a server that was shut down; in memory it is lost."""
        if self._nspawn is None:
            return self._last_journal
        shown = self.run("journalctl", "--no-pager", "--boot", seconds=30)
        return self._last_journal + shown.stdout

    @property
    def console(self) -> str:
        """What its boots have printed."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Halt all that runs inside for as long as the block lasts, wherever it is."""
        cgroup = self._cgroups()[-1]
        if self.has_ended or not cgroup.is_dir():
            yield
            return
        (cgroup / "cgroup.freeze").write_text("1")
        try:
            wait_for(
                "halted server", lambda: "frozen 1" in (cgroup / "cgroup.events").read_text(), 20
            )
            yield
        finally:
            (cgroup / "cgroup.freeze").write_text("0")

    @property
    def has_ended(self) -> bool:
        """Whether the server is powered off, or was never booted."""
        return self._nspawn is None or self._nspawn.poll() is not None

    def shutdown(self) -> None:
        """Power off in good order, as `systemctl poweroff` does; the file system stays."""
        if self._nspawn is None:
            return
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            self._last_journal = self.whole_journal()
        self._nspawn.terminate()
        try:
            self._nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait(10)
        self._nspawn = None
        if self._log_file is not None:
            self._log_file.close()
        for cgroup in self._cgroups():
            _remove_cgroup(cgroup)

    def cut_power(self) -> None:
        """End all that runs inside at once; the file system stays as it is."""
        (self._cgroups()[-1] / "cgroup.kill").write_text("1")
        if self._nspawn is not None:
            self._nspawn.wait(30)

    def reboot(self) -> float:
        """Power off and boot again from the same file system; the seconds of the boot."""
        self.shutdown()
        return self.boot()

    def _start_nspawn(self) -> None:
        # A cgroup of its own: with --keep-unit two containers would share one, and each one's
        # systemd would end the other's services.
        enter = ""
        for cgroup in self._cgroups():
            cgroup.mkdir(exist_ok=True)
            enter += f"echo $$ > {cgroup}/cgroup.procs; "
        self._log_file = self.log.open("ab")
        binds = [f"--bind-ro={self.packages}:/mnt"] if self.packages else []
        self._nspawn = subprocess.Popen(
            [
                *("sh", "-c", f'{enter} exec "$@"', "sh"),
                *("systemd-nspawn", "--quiet", f"--directory={self.root}"),
                *(f"--machine={self.machine}", f"--hostname={self.host.name}", "--boot"),
                *("--register=no", "--keep-unit", "--network-veth", "--console=pipe"),
                *("--kill-signal=SIGRTMIN+3", "--resolv-conf=off", "--timezone=off"),
                *("--link-journal=no", *binds),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log_file,
            stderr=self._log_file,
            start_new_session=True,
        )

    def _cgroups(self) -> list[Path]:
        """The container's cgroup: one in the unified hierarchy, two where the host mixes v1 in."""
        return [base / self.machine for base in _cgroup_bases()]

    def _find_leader(self) -> str:
        assert self._nspawn is not None
        if self._nspawn.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended:\n{self.log.read_text(errors='replace')}")
        pid = self._nspawn.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/exe").readlink().name == "systemd":
                    return child
        return ""

    def _connect_gateway(self) -> bool:
        interface = f"ve-{self.machine}"
        commands = (
            ["ip", "address", "replace", f"{self.host.gateway}/24", "dev", interface],
            ["ip", "link", "set", interface, "up"],
        )
        return all(
            subprocess.run(command, capture_output=True, check=False).returncode == 0
            for command in commands
        )

    def _is_up(self) -> bool:
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")


def unified_cgroups() -> Path:
    """The machine's unified hierarchy, in which a whole cgroup can be frozen and killed."""
    return _cgroup_bases()[-1]


def _cgroup_bases() -> list[Path]:
    """Where cgroups of containers are made; the last one is of the unified hierarchy."""
    hybrid = [CGROUPS / kind for kind in ("systemd", "unified") if (CGROUPS / kind).is_dir()]
    return hybrid or [CGROUPS]


def _remove_cgroup(cgroup: Path) -> None:
    below = sorted((path for path in cgroup.rglob("*") if path.is_dir()), reverse=True)
    for folder in (*below, cgroup):
        with contextlib.suppress(OSError):
            folder.rmdir()
