"""From `apt install` to the first login page, and what is there, compared with Debian's own hub.

Each round boots a plain Debian server for each, which has read apt's index.  Debian's hub is
root's, without TLS, and lets in anyone who has an account; it starts by itself like ours.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import debian_hub
from bench.memory import TEAMHUB, Running
from bench.report import Row
from support.container import BootedServer, wait_for
from support.installation import APT, PRESEED, Target, boot_plain, wait_for_login_page
from support.roots import known_packages

DEBIAN_IS = "apt install jupyterhub and what Debian has of Jupyter and science"
FOLDERS = "/usr /opt /etc /var/lib /var/cache"


@dataclass(frozen=True)
class Installed:
    """What an installation took."""

    #: Until apt ended, and until the first login page.
    apt: float
    page: float
    #: In MB: what came, and what it left on the disk.
    fetched: float
    disk: float
    #: In MB: hub and proxy, as they wait for the first login.
    memory: float


def measure(target: Target, work: Path, rounds: int) -> list[Row]:
    """Seconds, and MB."""
    pairs = []
    for number in range(rounds):
        one, other = (ours, debians) if number % 2 == 0 else (debians, ours)
        results = {each: each(target, work / f"{each.__name__}-{number}") for each in (one, other)}
        pairs.append((results[ours], results[debians]))

    def row(what: str, unit: str, of: Callable[[Installed], float], why: str = "") -> Row:
        figures = [(of(one), of(other)) for one, other in pairs]
        return Row(what, DEBIAN_IS, figures, unit, why=why)

    return [
        row("apt install, to the first login page", "s", lambda made: made.page),
        row("apt install alone", "s", lambda made: made.apt),
        row("packages that come, all dependencies", "MB", lambda made: made.fetched, WHY_FETCHED),
        row("disk that all of it takes", "MB", lambda made: made.disk, WHY_DISK),
        row("memory of hub and proxy", "MB", lambda made: made.memory, WHY_MEMORY),
    ]


def ours(target: Target, work: Path) -> Installed:
    """Install teamhub on a plain server."""
    with boot_plain(target, work) as server:
        server.run("debconf-set-selections", given=PRESEED)

        def answers() -> None:
            (work / "ca.crt").write_text(server.run("teamhub", "tls", "ca").stdout)
            wait_for_login_page(server, work / "ca.crt")

        own = target.package.stat().st_size / 1e6
        return install(server, [target.package_on_server], answers, TEAMHUB, own)


def debians(target: Target, work: Path) -> Installed:
    """Install what Debian has."""
    with boot_plain(target, work) as server:
        debian_hub.use_mirror(server, target.suite)

        def answers() -> None:
            wait_for("login page", lambda: login_page_is_there(server), 60, pause=0.2)

        packages = known_packages(server.command(), debian_hub.WANTED)
        return install(server, packages, answers, debian_hub.RUNNING, 0.0)


def install(
    server: BootedServer,
    packages: list[str],
    wait_until_it_answers: Callable[[], None],
    running: Running,
    local_mb: float,
) -> Installed:
    """Install packages; `local_mb` is what of them was no download."""
    before = disk_mb(server)
    start = time.monotonic()
    server.run(*APT, "install", *packages, DEBIAN_FRONTEND="noninteractive", seconds=1200)
    apt = time.monotonic() - start
    wait_until_it_answers()
    page = time.monotonic() - start
    archives = server.output("sh", "-c", "cat /var/cache/apt/archives/*.deb | wc --bytes")
    server.run(*APT, "clean")
    time.sleep(SETTLES)
    return Installed(
        apt,
        page,
        int(archives) / 1e6 + local_mb,
        disk_mb(server) - before,
        running.memory(server),
    )


def login_page_is_there(server: BootedServer) -> bool:
    """Whether Debian's hub shows its login page."""
    connection = http.client.HTTPConnection(server.host.address, debian_hub.PORT, timeout=10)
    try:
        connection.request("GET", "/hub/login")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def disk_mb(server: BootedServer) -> float:
    """What a server's files take."""
    script = f"du --summarize --total --block-size=1 {FOLDERS} | tail -n1"
    return int(server.output("sh", "-c", script).split()[0]) / 1e6


#: Seconds after which a hub that was started does nothing more.
SETTLES = 3.0
WHY_FETCHED = (
    "what Debian has on its server already, Python's libraries above all, comes again as pinned "
    "packages, with JupyterLab, Node.js' proxy and bokeh; fewer packages would close it"
)
WHY_DISK = WHY_FETCHED + ", and so would leaving out the packages as they came"
WHY_MEMORY = (
    "an older JupyterHub, and one process less: our idle culler is a service of its own; "
    "JupyterHub 6 takes more than 3 does, with either"
)
