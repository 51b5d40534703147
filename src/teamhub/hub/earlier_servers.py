"""People's servers that a version of teamhub with TCP ports has started, and that still run.

They ask the hub on port 808 who somebody is, and the hub listens on a Unix socket now.  systemd
forwards the one to the other until the machine starts again (systemd-socket-proxyd(8)), so that an
upgrade ends nobody's work.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from teamhub.system import units
from teamhub.system.run import run
from teamhub_shared import TeamhubError, sockets

ADDRESS = "127.0.0.1:808"
#: In the environment of such a server.
ASKS = f"JUPYTERHUB_API_URL=http://{ADDRESS}/".encode()
UNIT = "teamhub-earlier-servers"
FORWARDER = "/usr/lib/systemd/systemd-socket-proxyd"


def forward(report: Callable[[str], None]) -> None:
    """Have such servers reach the hub, if there are any, and report it."""
    if not units.systemd_runs() or units.is_active(f"{UNIT}.socket") or not any_runs():
        return
    try:
        listen()
    except TeamhubError as error:
        report(
            f"warning: servers that run now cannot ask the hub who opens them ({error}); "
            "anyone for whom that fails stops and starts their server on the hub's home page"
        )
    else:
        report(f"servers that run now go on, and ask the hub on {ADDRESS} as before")


def any_runs(processes: Path = Path("/proc")) -> bool:
    """Whether a process asks the hub on its earlier port."""
    return any(ASKS in environment(process) for process in processes.glob("[0-9]*"))


def environment(process: Path) -> bytes:
    """What a process was started with; nothing for one that has ended."""
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def listen() -> None:
    """Start a unit that nothing brings back after the next boot, when no such server runs."""
    sandbox = ("DynamicUser=yes", "ProtectHome=yes", "PrivateDevices=yes", "NoNewPrivileges=yes")
    run(
        [
            *("systemd-run", "--quiet", "--collect", f"--unit={UNIT}"),
            "--description=The hub's earlier port, for servers from before an upgrade",
            f"--socket-property=ListenStream={ADDRESS}",
            *(f"--property={setting}" for setting in sandbox),
            *(FORWARDER, str(sockets.HUB)),
        ],
        remedy=f"look at `systemctl status {UNIT}.socket`",
    )
