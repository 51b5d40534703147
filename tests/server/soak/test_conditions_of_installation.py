"""`apt install` under conditions that admins have: it works, or a line names the remedy."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from urllib3.util import connection

from support.conditions import WORKS, mount_again, silence_name_server
from support.container import BootedServer
from support.hub_client import HubClient
from support.installation import (
    APT,
    PASSWORDS,
    PRESEED,
    Target,
    boot_plain,
    configure,
    give_passwords,
)
from support.occupier import PROGRAM, occupy
from support.recovery import computes
from support.settings import complaint
from support.trials import Count, Moment

SECTION = "Conditions"
#: The server's and its gateway's addresses where there is no IPv4.
ADDRESS, GATEWAY = "fd78::2", "fd78::1"
RECIPE = "/etc/jupyterhub/jupyterhub_config.py"

#: Installs the package, and ends where the server has a hub; where that is, if not at its name.
Condition = Callable[[BootedServer, Target], str]


def install(
    server: BootedServer, target: Target, shell: str = "", language: str = "C.UTF-8"
) -> None:
    """Install the package by apt, after what `shell` says."""
    command = " ".join((*APT, "install", target.package_on_server))
    server.run("sh", "-c", f"{shell}{command}", seconds=500,
               DEBIAN_FRONTEND="noninteractive", LANG=language)  # fmt: skip


def tight_umask(server: BootedServer, target: Target) -> str:
    install(server, target, "umask 077; ")
    return server.host.url


def leftovers(server: BootedServer, target: Target) -> str:
    """What stands in the way is named, one after the other; what does not stays as it is."""
    server.run("adduser", "--quiet", "--disabled-password", "--gecos", "", "rhea")
    server.run("gpasswd", "--add", "rhea", "shadow")
    server.run("mkdir", "-p", "/etc/jupyterhub", "/etc/sudoers.d", "/opt/anaconda3/bin")
    server.run("tee", RECIPE, given="c.JupyterHub.port = 443\n")
    given = "rhea ALL=(zoe) NOPASSWD: /usr/local/bin/sudospawner\n"
    server.run("tee", "/etc/sudoers.d/jupyterhub", given=given)
    unit = occupy(server, 443)
    failed = server.run(*APT, "install", target.package_on_server, check=False,
                        DEBIAN_FRONTEND="noninteractive", seconds=500)  # fmt: skip
    said = ""
    for _ in range(3):
        if failed.returncode == 0:
            break
        said += complaint(failed)
        if named := re.search(r"deluser rhea", said):
            server.run(*named[0].split(), check=False)
        if f"port 443 is in use by {PROGRAM}" in said:
            server.run("systemctl", "stop", unit, check=False)
        failed = configure(server)
    assert failed.returncode == 0, failed.stderr
    assert "deluser rhea" in said
    assert "port 443" in said
    assert server.output("cat", RECIPE) == "c.JupyterHub.port = 443"
    assert server.output("cat", "/etc/sudoers.d/jupyterhub") == given.strip()
    return server.host.url


def ipv6_alone(server: BootedServer, target: Target) -> str:
    """The mirror has an IPv4 address: all is fetched before it goes."""
    interface = f"ve-{server.machine}"
    server.run(*APT, "install", "--download-only", target.package_on_server)
    command = ["ip", "address", "replace", f"{GATEWAY}/64", "dev", interface, "nodad"]
    subprocess.run(command, check=True)
    server.run("ip", "address", "add", f"{ADDRESS}/64", "dev", "host0", "nodad")
    server.run("ip", "-4", "address", "flush", "dev", "host0")
    install(server, target)
    return f"https://[{ADDRESS}]"


def noexec_tmp(server: BootedServer, target: Target) -> str:
    mount_again(server, "noexec", "/tmp", "/var/tmp")
    install(server, target)
    return server.host.url


def no_name_server(server: BootedServer, target: Target) -> str:
    silence_name_server(server)
    install(server, target)
    return server.host.url


def taiwan(server: BootedServer, target: Target) -> str:
    server.run(*APT, "install", "locales", DEBIAN_FRONTEND="noninteractive")
    server.run("localedef", "-i", "zh_TW", "-f", "UTF-8", "zh_TW.UTF-8")
    install(server, target, language="zh_TW.UTF-8")
    return server.host.url


CONDITIONS: tuple[tuple[str, str, Condition], ...] = (
    ("teamhub is installed where an old recipe has left its hub on port 443, a person's account "
     "rhea and a sudoers file", "the installation names what is in the way, and overwrites "
     "nothing; then " + WORKS, leftovers),
    ("teamhub is installed under umask 077", WORKS, tight_umask),
    ("teamhub is installed on a server with IPv6 alone", WORKS, ipv6_alone),
    ("teamhub is installed where /tmp and /var/tmp are mounted noexec", WORKS, noexec_tmp),
    ("teamhub is installed where the name server does not answer", WORKS, no_name_server),
    ("teamhub is installed in the locale zh_TW", WORKS, taiwan),
)  # fmt: skip


@pytest.mark.usefixtures("mirror")
@pytest.mark.moments(soak=len(CONDITIONS), part=1)
def test_it_works_or_the_remedy_is_named(
    target: Target,
    work: Path,
    moment: Moment,
    trial: Count,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # urllib3 looks once, when it is imported: then this worker's network has no address yet
    monkeypatch.setattr(connection, "HAS_IPV6", True)
    what, ends, under = CONDITIONS[moment.number - 1]
    with trial(what, ends), boot_plain(target, work / under.__name__) as server:
        server.run("debconf-set-selections", given=PRESEED)
        url = under(server, target)
        give_passwords(server)
        ca = work / f"{under.__name__}.crt"
        ca.write_text(server.run("teamhub", "tls", "ca").stdout)
        computes(HubClient(url, ca, "zoe"), PASSWORDS["zoe"])
