"""People's running Jupyter servers, found as the login sessions that sudo opened for them.

Each server lives in a session whose PAM service is `teamhub-spawn`, so logind knows them all, also
those that a hub which is gone had started.  logind calls such a session `closing` as soon as sudo
has ended, and keeps it while the server runs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from teamhub.system import CommandFailed, run

PAM_SERVICE = "teamhub-spawn"

#: A Jupyter server that is told to end shuts its kernels down first; seconds until we go on anyway.
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Server:
    """One person's running server."""

    user: str
    session: str


def running() -> list[Server]:
    """Every person's server that runs now; none where logind does not run (image builds)."""
    if not Path("/run/systemd/seats").is_dir():
        return []
    listed = loginctl("list-sessions", "--no-legend").splitlines()
    return [
        Server(user=session["Name"], session=session["Id"])
        for session in map(show_session, (line.split()[0] for line in listed if line.strip()))
        if session.get("Service") == PAM_SERVICE
    ]


def show_session(session: str) -> dict[str, str]:
    """logind's properties of a session; empty when it has just ended."""
    try:
        shown = loginctl("show-session", session, "-p", "Id", "-p", "Name", "-p", "Service")
    except CommandFailed:
        return {}
    return dict(line.split("=", 1) for line in shown.splitlines())


def stop(user: str | None = None) -> list[Server]:
    """Stop one person's servers, or everybody's; wait for their end and return what was stopped."""
    stopped = [server for server in running() if user in (None, server.user)]
    for server in stopped:
        loginctl("terminate-session", server.session)
    deadline = time.monotonic() + STOP_SECONDS
    while set(stopped) & set(running()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return stopped


def loginctl(*arguments: str) -> str:
    """Ask logind."""
    return run(["loginctl", *arguments], remedy="look at `systemctl status systemd-logind`")
