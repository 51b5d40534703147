"""People's running Jupyter servers, found as the login sessions that sudo opened for them.

Each server lives in a session whose PAM service is `teamhub-spawn`, so logind knows them all, also
those that an earlier hub started.  logind calls such a session `closing` as soon as sudo
has ended, and keeps it while the server runs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from teamhub.system.run import CommandFailed, run

PAM_SERVICE = "teamhub-spawn"


@dataclass(frozen=True)
class Server:
    """One person's running server, and the systemd scope that holds all its processes."""

    user: str
    scope: str


def running(users: Collection[str] | None = None) -> list[Server]:
    """The running servers of `users`, or everybody's; none if logind does not run."""
    if not Path("/run/systemd/seats").is_dir():  # as in the build of an image
        return []
    listed = loginctl("list-sessions", "--no-legend").splitlines()
    # SESSION UID USER SEAT TTY ...
    sessions = [fields[0] for fields in map(str.split, listed) if is_of(users, fields[2])]
    return [
        Server(user=session["Name"], scope=session["Scope"])
        for session in show_sessions(sessions)
        if session.get("Service") == PAM_SERVICE
    ]


def is_of(users: Collection[str] | None, name: str) -> bool:
    """Whether `name` is one of `users`, which is None for everybody."""
    return users is None or name in users


def show_sessions(sessions: Sequence[str]) -> list[dict[str, str]]:
    """logind's properties of these sessions, without those that have just ended."""
    if not sessions:
        return []
    try:
        shown = loginctl("show-session", *sessions, "-p", "Name", "-p", "Service", "-p", "Scope")
    except CommandFailed:
        # logind stops at the first session that is gone
        if len(sessions) == 1:
            return []
        return [found for session in sessions for found in show_sessions([session])]
    blocks = shown.strip().split("\n\n")
    return [dict(line.split("=", 1) for line in block.splitlines()) for block in blocks]


def stop(users: Collection[str] | None = None) -> list[Server]:
    """Stop the servers of `users`, or everybody's; wait for their end and return what was stopped.

    By their scopes, since logind does not stop a session that it calls closing.  systemd kills
    processes that do not end within 90 seconds.
    """
    stopped = running(users)
    if stopped:
        scopes = [server.scope for server in stopped]
        run(["systemctl", "stop", *scopes], remedy=f"look at `systemctl status {scopes[0]}`")
    return stopped


def loginctl(*arguments: str) -> str:
    """Ask logind."""
    return run(["loginctl", *arguments], remedy="look at `systemctl status systemd-logind`")
