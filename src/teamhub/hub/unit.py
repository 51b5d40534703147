"""The environment in which systemd starts the hub, as its unit and the admin's drop-ins have it."""

from __future__ import annotations

import pwd
import re
import shlex
from pathlib import Path

from teamhub.environment.store.generations import CURRENT
from teamhub.system import units
from teamhub.system.run import run
from teamhub_shared import sockets

STATE = Path("/var/lib/teamhub")
#: debhelper of Debian 12 puts units into /lib, which is a link to /usr/lib.
PACKAGED = Path("/lib/systemd/system", units.HUB)
#: An assignment in a file that EnvironmentFile= names.
ASSIGNMENT = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def read() -> str:
    """The hub's unit and its drop-ins, as files: systemd may have read none yet, or older ones.

    Of a hub that is masked, it is the packaged unit: that hub may run again one day.
    """
    text = run(
        ["systemd-analyze", "--no-pager", "cat-config", f"systemd/system/{units.HUB}"],
        remedy="put the unit in place again: apt-get install --reinstall teamhub",
    )
    return text if values_of(text, "ExecStart") else PACKAGED.read_text("utf-8")


def environment(
    text: str, *, account: pwd.struct_passwd, credentials: Path, generation: Path
) -> dict[str, str]:
    """The hub's environment by the unit's text, with a generation that may not be current yet.

    `credentials` is the folder that LoadCredential= fills.
    """
    assigned = {**assignments(text), **from_files(text)}
    return {
        "LANG": "C.UTF-8",
        "HOME": account.pw_dir,
        "LOGNAME": account.pw_name,
        "USER": account.pw_name,
        "RUNTIME_DIRECTORY": str(sockets.HUB.parent),
        "STATE_DIRECTORY": str(STATE),
        "CREDENTIALS_DIRECTORY": str(credentials),
        **{key: value.replace(str(CURRENT), str(generation)) for key, value in assigned.items()},
    }


def assignments(text: str) -> dict[str, str]:
    """The variables that Environment= sets (systemd.exec(5))."""
    words = [word for line in values_of(text, "Environment") for word in split(line)]
    return dict(word.replace("%%", "%").split("=", 1) for word in words if "=" in word)


def from_files(text: str) -> dict[str, str]:
    """The variables of the files that EnvironmentFile= names; they win over Environment=."""
    found: dict[str, str] = {}
    for pattern in values_of(text, "EnvironmentFile"):
        for path in sorted(Path("/").glob(pattern.removeprefix("-").lstrip("/"))):
            for line in path.read_text("utf-8", "replace").splitlines():
                if assignment := ASSIGNMENT.fullmatch(line):
                    found[assignment[1]] = " ".join(split(assignment[2]))
    return found


def values_of(text: str, key: str) -> list[str]:
    """What a unit assigns to a key, in the order of its lines; an empty value drops those above."""
    values: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() == key:
            values = [*values, value.strip()] if value.strip() else []
    return values


def split(value: str) -> list[str]:
    """The words of a value, without their quotes; none if a quote is not closed."""
    try:
        return shlex.split(value)
    except ValueError:
        return []
