"""What the hub runs through sudo besides people's servers (see /etc/sudoers.d/teamhub)."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence

PANEL = "/usr/lib/teamhub/panel"
PASSWD = "/usr/bin/passwd"  # noqa: S105 - a program

#: Stopping somebody's server may take the 90 seconds after which systemd kills it.
PANEL_SECONDS = 120
PASSWD_SECONDS = 30

#: Programs find each other by it, and speak English, which is what is read here.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}

PROMPT = re.compile(r"[^\n:]*password: ", re.IGNORECASE)
#: What passwd says after the reason, or before it.
FILLERS = re.compile(
    r"Changing password for .*|.*password unchanged|.*manipulation error|.*has been aborted"
)


class Refused(Exception):
    """A program said no; the text is its own reason, for anyone who asked."""


async def change_list(action: str, name: str) -> None:
    """`add` a name to the list of users, or `remove` it.  Raises Refused with the reason."""
    command = ("sudo", "-n", PANEL, action, name)
    status, printed = await run(command, given="", seconds=PANEL_SECONDS)
    if status:
        raise Refused(printed.strip() or f"{PANEL} ended with status {status}")


async def change_password(name: str, old: str, new: str) -> None:
    """Change the password of somebody's Unix account, as they would with passwd in a terminal.

    It runs as that person, so that PAM asks for the old password and applies the server's rules.
    Raises Refused with the reason that PAM gives.
    """
    command = ("sudo", "-n", "-u", name, PASSWD)
    given = f"{old}\n{new}\n{new}\n"
    status, printed = await run(command, given=given, seconds=PASSWD_SECONDS)
    if status:
        raise Refused(reason(printed))


def reason(printed: str) -> str:
    """Why passwd refused, out of all that it printed: prompts and set phrases are left out."""
    lines = PROMPT.sub("\n", printed).splitlines()
    said = [line.strip().removeprefix("passwd: ") for line in lines if line.strip()]
    reasons = [line for line in said if not FILLERS.fullmatch(line)]
    return reasons[0] if reasons else "The server did not take the new password."


async def run(command: Sequence[str], *, given: str, seconds: float) -> tuple[int, str]:
    """Run a command with `given` as its input; its exit status, and all that it printed.

    Raises Refused when it has not ended after `seconds`.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=ENVIRONMENT,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(given.encode()), seconds)
    except asyncio.TimeoutError as late:  # noqa: UP041 - one of its own in Python 3.10
        # sudo is root's as soon as it has started, and then only root could end it
        with contextlib.suppress(PermissionError, ProcessLookupError):
            process.kill()
        raise Refused(f"{command[-1]} has not ended after {seconds:.0f} seconds") from late
    return process.returncode or 0, printed.decode("utf-8", "replace")
