"""The way from the machine's own network to a server of the tests, for a browser and for curl."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from support.browser import trust
from support.container import Host

PROXY = "/lib/systemd/systemd-socket-proxyd"
LOOPBACK = "127.0.0.1"
HTTPS = 443


def open_door(host: Host, port: int, outside: int) -> subprocess.Popen[bytes]:
    """Forward a port of the loopback interface outside to the server's HTTPS, until it is ended.

    `outside` is a file descriptor of that network namespace.  What listens is there; what connects
    to the server is in this process's own.
    """
    inner = ["nsenter", f"--net=/proc/{os.getpid()}/ns/net", PROXY, f"{host.address}:{HTTPS}"]
    return subprocess.Popen(
        [
            *("nsenter", f"--net=/proc/self/fd/{outside}"),
            *("systemd-socket-activate", f"--listen={LOOPBACK}:{port}", *inner),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[outside],
    )


def browser_home(folder: Path, ca: Path) -> Path:
    """A home in which Chromium trusts `ca`, of the person who has called sudo."""
    shutil.rmtree(folder, ignore_errors=True)
    trust(folder, ca)
    owner = [int(os.environ.get(name, "0")) for name in ("SUDO_UID", "SUDO_GID")]
    for path in (folder, *folder.rglob("*")):
        os.chown(path, *owner)
    return folder


def browser_command(host: Host, port: int, home: Path) -> str:
    """What opens the server in a browser on this machine, by the name that its certificate has."""
    # Chromium refuses root its sandbox
    as_root = "" if "SUDO_UID" in os.environ else " --no-sandbox"
    rule = f"MAP {host.domain_name}:{HTTPS} {LOOPBACK}:{port}"
    return f"HOME={home} chromium{as_root} --host-resolver-rules='{rule}' {host.url}"


def curl_command(host: Host, port: int, ca: Path) -> str:
    """What asks the server for its login page."""
    to = f"{host.domain_name}:{HTTPS}:{LOOPBACK}:{port}"
    return f"curl --cacert {ca} --connect-to {to} {host.url}/hub/login"
