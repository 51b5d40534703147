"""The package installed on a booted server, once, as the layer that every test module stacks on."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from support.container import BootedServer, Host, wait_for
from support.kept_servers import watched
from support.layers import Overlay
from support.network import NameServer, configure_server
from support.roots import CACHE, server_root

#: The people of the tests, as debconf gets them, with the passwords that they get afterwards.
PASSWORDS = {"zoe": "Mudder's Milk 5", "wash": "Inara*dinosaurs 7"}
ADMIN = "wash"
PRESEED = "teamhub teamhub/users string zoe, wash\nteamhub teamhub/admins string wash\n"
CONFIGURE = ("dpkg", "--configure", "--pending")
#: Without its bars of progress, which would fill a log.
APT = ("apt-get", "--yes", "-qq", "-o", "Dpkg::Use-Pty=0")


@dataclass(frozen=True)
class Target:
    """A package under test, and the server that it goes on."""

    suite: str
    profile: str
    package: Path
    host: Host

    def __str__(self) -> str:
        return self.suite if self.profile == "scientific" else f"{self.suite}-{self.profile}"

    @property
    def package_on_server(self) -> str:
        """Where the server sees the package (BootedServer's `packages`)."""
        return f"/mnt/{self.package.name}"


def numbered_target(number: int, suite: str, profile: str, package: Path) -> Target:
    """The target with a network of its own: certificates name the address."""
    name = f"hub-{suite}" if profile == "scientific" else f"hub-{suite}-{profile}"
    host = Host(name, address=f"10.78.{number}.2", gateway=f"10.78.{number}.1")
    return Target(suite, profile, package, host)


@dataclass(frozen=True)
class Installation:
    """What the installation left, and what was seen of it."""

    target: Target
    #: The layers of the installed server's file system, the topmost first.
    layers: tuple[Path, ...]
    #: The CA certificate that the team imports.
    ca: Path
    #: What apt and the package printed.
    output: str
    #: From the start of `apt-get install` to its end, and to the first login page.
    seconds_apt: float
    seconds_login_page: float
    #: The names that the server looked up meanwhile.
    names_asked: list[str]
    #: Every path that the server had before.
    paths_before: frozenset[str]


def lay_plain_root(target: Target, work: Path) -> Overlay:
    """A plain Debian server's file system with the target's name and network, to write on."""
    overlay = Overlay(work, [server_root(target.suite, CACHE)])
    configure_server(overlay.root, target.host, target.suite)
    return overlay


@contextlib.contextmanager
def booted(
    overlay: Overlay, target: Target, log: Path, ca: Path | None = None
) -> Iterator[BootedServer]:
    """The server with this file system, which stays; it sees the package.

    With `ca`, the certificate that the team imports, teamhub is installed on it.
    """
    server = BootedServer(overlay.root, target.host, log, target.package.parent)
    try:
        with watched(server, overlay, target, ca):
            server.boot()
            yield server
    finally:
        server.shutdown()


@contextlib.contextmanager
def boot_plain(target: Target, work: Path) -> Iterator[BootedServer]:
    """A booted Debian server without teamhub, which sees the package and has read apt's index."""
    overlay = lay_plain_root(target, work / "layers")
    try:
        with booted(overlay, target, work / "boot.log") as server:
            server.run(*APT, "update")
            yield server
    finally:
        overlay.discard()


def install(target: Target, work: Path, names: NameServer) -> Installation:
    """Boot a plain server, install the package without questions, shut down in good order."""
    work.mkdir(parents=True)
    overlay = lay_plain_root(target, work / "installed")
    try:
        with booted(overlay, target, work / "boot.log") as server:
            paths_before = frozenset(all_paths(server))
            mark = names.mark()
            output, seconds_apt, start = _apt_install(server, target)
            ca = work / "ca.crt"
            ca.write_text(server.run("teamhub", "tls", "ca").stdout)
            wait_for_login_page(server, ca)
            seconds_login_page = time.monotonic() - start
            asked = names.asked_since(mark)
            give_passwords(server)
    finally:
        overlay.unmount()
    layers = (overlay.changes, *overlay.lower)
    return Installation(
        target, layers, ca, output, seconds_apt, seconds_login_page, asked, paths_before
    )


@contextlib.contextmanager
def boot_layers(
    target: Target, layers: Sequence[Path], ca: Path | None, work: Path
) -> Iterator[BootedServer]:
    """A server booted on a layer of its own above these; `ca` where teamhub is installed on it."""
    overlay = Overlay(work / "layers", layers)
    try:
        with booted(overlay, target, work / "boot.log", ca) as server:
            yield server
    finally:
        overlay.discard()


@contextlib.contextmanager
def boot_installed(installation: Installation, work: Path) -> Iterator[BootedServer]:
    """The installed server, booted on a layer of its own and serving its login page."""
    with boot_layers(installation.target, installation.layers, installation.ca, work) as server:
        wait_for_login_page(server, installation.ca)
        yield server


def _apt_install(server: BootedServer, target: Target) -> tuple[str, float, float]:
    server.run(*APT, "update")
    server.run("debconf-set-selections", given=PRESEED)
    start = time.monotonic()
    result = server.run(*APT, "install", target.package_on_server, DEBIAN_FRONTEND="noninteractive")
    return result.stdout + result.stderr, time.monotonic() - start, start


def configure(server: BootedServer) -> subprocess.CompletedProcess[str]:
    """Try to finish an installation, as an admin does when a message says so."""
    return server.run(*CONFIGURE, check=False, DEBIAN_FRONTEND="noninteractive")


def give_passwords(server: BootedServer) -> None:
    """What the admin does after the installation: new accounts have no password yet."""
    lines = "".join(f"{user}:{password}\n" for user, password in PASSWORDS.items())
    server.run("chpasswd", given=lines)


def wait_for_login_page(server: BootedServer, ca: Path, seconds: float = 60) -> float:
    """The seconds until the server answers with its login page, the certificate verified.

    Raises AssertionError with the journal when it does not.
    """
    start = time.monotonic()
    session = requests.Session()
    session.trust_env = False
    session.verify = str(ca)

    def answers() -> bool:
        try:
            page = session.get(f"{server.host.url}/hub/login", timeout=30)
        except requests.ConnectionError as failure:
            # Not there yet is what is waited for; a certificate that does not verify never heals.
            if isinstance(failure, requests.exceptions.SSLError):
                raise
            return False
        return page.status_code == 200

    try:
        wait_for("login page", answers, seconds, pause=0.2)
    except TimeoutError as late:
        journal = server.journal("teamhub", "teamhub-proxy")
        raise AssertionError(f"{late}\n{journal}") from late
    return time.monotonic() - start


def installed_version(server: BootedServer, package: str = "teamhub") -> str:
    """A package's version and what dpkg says of its state."""
    return server.output("dpkg-query", "--show", "--showformat=${Version} ${Status}", package)


def members(server: BootedServer, group: str) -> set[str]:
    """The members of a Unix group of the server."""
    return set(filter(None, server.output("getent", "group", group).split(":")[3].split(",")))


def all_paths(server: BootedServer) -> list[str]:
    """Every path of the server's root file system."""
    return server.run("find", "/", "-xdev", "-print").stdout.splitlines()
