"""People's running Jupyter servers, found as the login sessions that sudo opened for them.

Each server lives in a session whose PAM service is `teamhub-spawn`, so logind knows them all, also
those that a hub which is gone had started.  logind calls such a session `closing` as soon as sudo
has ended, and keeps it while the server runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from teamhub.system import CommandFailed, run

PAM_SERVICE = "teamhub-spawn"


@dataclass(frozen=True)
class Server:
    """One person's running server, and the systemd scope that holds all its processes."""

    user: str
    scope: str


def running() -> list[Server]:
    """Every person's server that runs now; none where logind does not run (image builds)."""
    if not Path("/run/systemd/seats").is_dir():
        return []
    listed = loginctl("list-sessions", "--no-legend").splitlines()
    return [
        Server(user=session["Name"], scope=session["Scope"])
        for session in map(show_session, (line.split()[0] for line in listed if line.strip()))
        if session.get("Service") == PAM_SERVICE
    ]


def show_session(session: str) -> dict[str, str]:
    """Properties that logind has of a session; empty when it has just ended."""
    try:
        shown = loginctl("show-session", session, "-p", "Name", "-p", "Service", "-p", "Scope")
    except CommandFailed:
        return {}
    return dict(line.split("=", 1) for line in shown.splitlines())


def stop(user: str | None = None) -> list[Server]:
    """Stop one person's servers, or everybody's; wait for their end and return what was stopped.

    By their scopes: logind does nothing more to a session that it calls closing.  systemd kills
    after 90 seconds what does not end by itself.
    """
    stopped = [server for server in running() if user in (None, server.user)]
    if stopped:
        scopes = [server.scope for server in stopped]
        run(["systemctl", "stop", *scopes], remedy=f"look at `systemctl status {scopes[0]}`")
    return stopped


def loginctl(*arguments: str) -> str:
    """Ask logind."""
    return run(["loginctl", *arguments], remedy="look at `systemctl status systemd-logind`")
