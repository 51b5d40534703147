"""Programs that packages bring, run by an account without rights that writes to one folder alone.

Whatever a conda or a pip package has in it runs when its Python starts (a .pth file), when pip
builds it, and when its programs are tried.  None of it may run as root.  Where systemd runs the
machine, each such program is a transient unit.  Where it does not, as while an image is built,
setpriv takes away the rights, and unshare all else that the kernel lets it take: a container's may
let it take nothing.
"""

from __future__ import annotations

import os
import pwd
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from teamhub.system import units
from teamhub.system.remedies import retry_command
from teamhub_shared import TeamhubError
from teamhub_shared.accounts import PACKAGES_ACCOUNT, is_services

#: The name of a unit is this and something random.
UNIT = "teamhub-packages-"
#: Ends the program of a unit when this process has ended, however it ended.
ATTACHED = "/usr/lib/teamhub/attached"
PROPERTIES = (
    # What is left of the unit ends with its first process, also what ignores SIGTERM.
    "KillSignal=SIGKILL",
    "CapabilityBoundingSet=",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    # A wheel may lie there where everybody can read it, and /opt/teamhub may be a link to there.
    "ProtectHome=read-only",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "TemporaryFileSystem=/dev/shm",
    "PrivateIPC=yes",
    "ProtectProc=invisible",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "LockPersonality=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
    # The sockets that any account may connect to: the hub's, and the system's services.
    "InaccessiblePaths=-/run/teamhub -/run/dbus",
    "KeyringMode=private",
    "RemoveIPC=yes",
    "UMask=0022",
)
#: Processes of another namespace are neither seen nor reached, and end with its first one.
NAMESPACES = (
    *("--mount", "--propagation=private", "--ipc"),
    *("--pid", "--fork", "--kill-child", "--mount-proc"),
)
#: A kernel talks to its client by loopback, which a new network has, and down.  The shell stays, as
#: the first process of a namespace ignores Ctrl-C.
SHELL = ("/bin/sh", "-c", '"$@"; exit $?', "sh")
SHELL_WITHOUT_NETWORK = ("/bin/sh", "-c", '/bin/ip link set lo up; "$@"; exit $?', "sh")
#: With a package's PATH they would be looked for among its programs, and started as root.
SETPRIV, UNSHARE = "/usr/bin/setpriv", "/usr/bin/unshare"


class NoAccount(TeamhubError):
    """The account that runs the programs is missing, or is somebody's."""


def account() -> pwd.struct_passwd:
    """The account that runs the programs of packages.

    Raises NoAccount if it is missing, root or a person's.
    """
    retry = retry_command()
    try:
        found = pwd.getpwnam(PACKAGES_ACCOUNT)
    except KeyError as error:
        raise NoAccount(
            f"the account {PACKAGES_ACCOUNT}, which runs the programs of packages, is missing",
            f"make it again: {retry}",
        ) from error
    if not is_services(found.pw_uid, found.pw_gid):
        raise NoAccount(
            f"the account {PACKAGES_ACCOUNT} (uid {found.pw_uid}) is not a system account, and "
            "teamhub needs that name for the one that runs the programs of packages",
            f"rename or remove it (deluser {PACKAGES_ACCOUNT}), then: {retry}",
        )
    return found


@contextmanager
def folder(place: Path, name: str) -> Iterator[Path]:
    """A folder for one program, below a new one in `place` whose name starts with `name`.

    It has a `home` and a `temporary`, and whatever is put into it before the program runs becomes
    the account's.  All of it is gone at the end; a killed process leaves it in `place`.
    """
    outer = Path(tempfile.mkdtemp(prefix=name, dir=place))
    try:
        # Others pass through, and see nothing.
        outer.chmod(0o711)
        own = outer / "own"
        for each in (own, own / "home", own / "temporary"):
            each.mkdir(mode=0o700)
        yield own
    finally:
        # Not in this process: folders within folders could be deeper than it has stack for.
        subprocess.run(["rm", "-rf", "--one-file-system", "--", outer], check=False)


def run(
    command: Sequence[str],
    own: Path,
    environment: Mapping[str, str],
    *,
    network: bool = False,
    writable: Sequence[Path] = (),
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program that a package has brought, with `own` for its files (see `folder`).

    Its environment is `environment` and nothing else, and its standard input has nothing in it.
    `network`: whether it reaches others than itself.  `writable`: other folders of the account's
    that it may write to.  All of its processes end with it (see `ends_all`), and when this raises.
    Raises OSError if there is no such program, subprocess.TimeoutExpired after `seconds`, or
    NoAccount.
    """
    Path(command[0]).stat()
    who = account()
    give(own, who)
    variables = {**environment, "HOME": f"{own}/home", "TMPDIR": f"{own}/temporary"}
    if not manager_is_ours():
        wrapped = in_namespaces(command, who, network=network)
        return ended(wrapped, command, subprocess.DEVNULL, variables, seconds)
    # Not as properties of the unit, which everybody may read.
    file = own.with_name("environment")
    file.touch(mode=0o600)
    file.write_text(assignments(variables), "utf-8", "surrogateescape")
    properties = [
        *PROPERTIES,
        *([] if network else ["PrivateNetwork=yes"]),
        *(f"User={who.pw_name}", f"Group={who.pw_gid}", f"EnvironmentFile={file}"),
        *(f"ReadWritePaths={path}" for path in (own, *writable)),
    ]
    return in_unit(command, properties, seconds)


def ends_all() -> bool:
    """Whether nothing is left running of a program that has ended.

    A container may allow no namespaces; there, a process can go on that hides from its parent.
    """
    return manager_is_ours() or kernel_allows(NAMESPACES)


def give(own: Path, who: pwd.struct_passwd) -> None:
    """Have a folder and what is in it be an account's, which has run nothing in it yet."""
    for path in (own, *own.rglob("*")):
        os.chown(path, who.pw_uid, who.pw_gid, follow_symlinks=False)


def manager_is_ours() -> bool:
    """Whether systemd can be asked to run something in this very root.

    The folder by which one sees that it runs may be the host's, which a chroot was given.
    """
    try:
        is_same = Path("/proc/1/root").samefile("/")
    except OSError:
        return False
    return is_same and units.systemd_runs() and Path("/run/dbus/system_bus_socket").is_socket()


def in_unit(
    command: Sequence[str], properties: Sequence[str], seconds: float | None
) -> subprocess.CompletedProcess[str]:
    """Run a program as a transient unit, which ends with this process."""
    unit = f"{UNIT}{secrets.token_hex(8)}.service"
    # Nothing is written to it: it ends when this process does.
    attached, kept = os.pipe()
    done = None
    try:
        wrapped = unit_command(unit, command, properties)
        done = ended(wrapped, command, attached, None, seconds)
    finally:
        os.close(attached)
        os.close(kept)
        # After Ctrl-C, or when its time was up, it may not have ended yet.
        if done is None or done.returncode:
            stop(unit)
    return done


def unit_command(unit: str, command: Sequence[str], properties: Sequence[str]) -> list[str]:
    """The command that runs a program as a transient unit and waits for its end."""
    return [
        *("systemd-run", "--quiet", "--collect", "--wait", "--pipe", f"--unit={unit}"),
        "--description=programs of packages, for teamhub",
        *(f"--property={each}" for each in properties),
        *("--", ATTACHED),
        # systemd would put variables in (systemd.service(5)).
        *(argument.replace("$", "$$") for argument in command),
    ]


def assignments(environment: Mapping[str, str]) -> str:
    """Variables as EnvironmentFile= reads them (systemd.exec(5))."""
    lines = []
    for name, value in environment.items():
        for special in '\\"$`':
            value = value.replace(special, f"\\{special}")
        lines.append(f'{name}="{value}"\n')
    return "".join(lines)


def stop(unit: str) -> None:
    """End the units of a name or a pattern; one that has ended is no error."""
    subprocess.run(["systemctl", "--quiet", "stop", unit], stderr=subprocess.DEVNULL, check=False)


def stop_left_behind() -> None:
    """End programs whose command was killed, if one has kept itself from ending with it."""
    if manager_is_ours():
        stop(f"{UNIT}*.service")


def in_namespaces(command: Sequence[str], who: pwd.struct_passwd, *, network: bool) -> list[str]:
    """The command that runs a program as an account, where there is no systemd to ask."""
    without_rights = [
        *(SETPRIV, "--pdeathsig=KILL", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}"),
        *("--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"),
        *command,
    ]
    namespaces = NAMESPACES if network else (*NAMESPACES, "--net")
    if not kernel_allows(namespaces):
        return without_rights
    shell = SHELL if network else SHELL_WITHOUT_NETWORK
    return [SETPRIV, "--pdeathsig=KILL", "--", UNSHARE, *namespaces, "--", *shell, *without_rights]


@cache
def kernel_allows(namespaces: tuple[str, ...]) -> bool:
    """Whether this process may make such namespaces; that of many a container may not."""
    command = [UNSHARE, *namespaces, "--", "/bin/true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def ended(
    wrapped: Sequence[str],
    command: Sequence[str],
    stdin: int,
    environment: Mapping[str, str] | None,
    seconds: float | None,
) -> subprocess.CompletedProcess[str]:
    """Run `wrapped` until it ends, and say what came of `command`, which is in it."""
    done = subprocess.run(
        wrapped,
        cwd="/",
        env=environment,
        stdin=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds,
    )
    done.args = list(command)
    return done
