"""Whether the installed hub can read its database, asked of the hub's own code."""

from __future__ import annotations

import pwd
import subprocess
from pathlib import Path

from teamhub.environment.store.generations import CURRENT
from teamhub.hub.config import STATE, hub_python
from teamhub.system.remedies import retry_command
from teamhub_shared import TeamhubError
from teamhub_shared.accounts import SERVICE_ACCOUNT

PROGRAM = ("-s", "-m", "teamhub_hub.database", "--check")


class UnreadableDatabase(TeamhubError):
    """The hub could not start with its database."""


def check(generation: Path = CURRENT) -> None:
    """Ask as the hub's account, and change nothing.

    Raises UnreadableDatabase; a running hub goes on.
    """
    rhea = pwd.getpwnam(SERVICE_ACCOUNT)
    done = subprocess.run(
        [hub_python(generation), *PROGRAM],
        user=rhea.pw_uid,
        group=rhea.pw_gid,
        extra_groups=(),
        cwd="/",
        env={"PYTHONPATH": "/usr/lib/teamhub/hub", "HOME": str(STATE), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        problem, _, remedy = done.stderr.strip().partition("\n  What to do: ")
        raise UnreadableDatabase(problem, f"{remedy or 'see the journal'}, then: {retry_command()}")
