"""teamhub.conf: the settings that the admin may change, one KEY=value a line.

The file is the truth.  It is generated through ucf, edits by hand are kept, and debconf shows what
the file says.  sh, systemd (EnvironmentFile=) and Python (shlex) all read it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from teamhub.system import CommandFailed
from teamhub_shared import TeamhubError

PATH = Path("/etc/teamhub/teamhub.conf")
HEADING = """\
# Settings of teamhub.  Change a value, then: systemctl restart teamhub-proxy teamhub
# (people's running servers live on).  What you write here is kept by upgrades.
"""


class BadSetting(TeamhubError):
    """A value in teamhub.conf cannot be used."""


@dataclass(frozen=True)
class Setting:
    """One key of teamhub.conf."""

    key: str
    default: str
    #: What follows from the value, in words for the admin; one or more lines.
    meaning: str
    #: Says what is wrong with a value, or nothing.
    fault: Callable[[str], str | None]


def port_fault(value: str) -> str | None:
    """A TCP port is a number from 1 to 65535."""
    if re.fullmatch(r"[0-9]{1,5}", value) and 1 <= int(value) <= 65535:
        return None
    return "a port is a number from 1 to 65535"


def optional_port_fault(value: str) -> str | None:
    """A port, or `off`."""
    return None if value == "off" or not port_fault(value) else "a port is 1 to 65535, or off"


def names_fault(value: str) -> str | None:
    """Host names and IP addresses, separated by spaces."""
    bad = [name for name in value.split() if not re.fullmatch(r"[A-Za-z0-9.:-]{1,253}", name)]
    return f"{bad[0]!r} is neither a host name nor an address" if bad else None


def interface_fault(value: str) -> str | None:
    """What people see after login."""
    return None if value in ("lab", "notebook") else "the interface is lab or notebook"


def hours_fault(value: str) -> str | None:
    """A whole number of hours."""
    if re.fullmatch(r"[0-9]{1,5}", value):
        return None
    return "the idle time is a whole number of hours, 0 for never"


SETTINGS = (
    Setting(
        "SERVER_NAMES",
        "",
        "The names and addresses that people type to reach the server, separated by spaces.\n"
        "Empty: the host's own names and all its addresses.",
        names_fault,
    ),
    Setting("HTTPS_PORT", "443", "The port of the hub.", port_fault),
    Setting(
        "HTTP_PORT",
        "80",
        "A port that sends browsers on to HTTPS, or off.",
        optional_port_fault,
    ),
    Setting(
        "INTERFACE",
        "lab",
        "What people see after login: lab (JupyterLab) or notebook (Jupyter Notebook).",
        interface_fault,
    ),
    Setting(
        "IDLE_HOURS",
        "0",
        "A server that nobody has used for so many hours is stopped; 0: never.",
        hours_fault,
    ),
)


def parse(text: str) -> dict[str, str]:
    """The values that a teamhub.conf's text sets.

    Raises BadSetting for a line that is neither a comment nor KEY=value.
    """
    values = {}
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise line_error(number, line) from error
        if not words:
            continue
        key, separator, value = words[0].partition("=")
        if len(words) > 1 or not separator:
            raise line_error(number, line)
        values[key] = value
    return values


def line_error(number: int, line: str) -> BadSetting:
    """The error for a line that cannot be read."""
    return BadSetting(
        f"{PATH}, line {number}: {line.strip()!r} is not KEY=value",
        'write it as KEY="value", then: dpkg --configure teamhub',
    )


def read(path: Path = PATH) -> dict[str, str]:
    """Every setting's value: from the file, or its default.

    Raises BadSetting, naming the key, the value and what is wrong with it.
    """
    written = parse(path.read_text("utf-8")) if path.exists() else {}
    values = {setting.key: written.get(setting.key, setting.default) for setting in SETTINGS}
    for setting in SETTINGS:
        fault = setting.fault(values[setting.key])
        if fault:
            raise BadSetting(
                f"{path}: {setting.key}={values[setting.key]!r}: {fault}",
                f"mend the line in {path}, then: dpkg --configure teamhub",
            )
    return values


def render(text: str, values: Mapping[str, str]) -> str:
    """`text` with every setting at its value in `values`; all else in it stays as it is."""
    present = parse(text)
    lines = text.splitlines() if text else HEADING.splitlines()
    for setting in SETTINGS:
        assignment = f'{setting.key}="{values[setting.key]}"'
        if setting.key not in present:
            lines += ["", *(f"# {line}" for line in setting.meaning.splitlines()), assignment]
        elif present[setting.key] != values[setting.key]:
            lines = [
                assignment if re.match(rf"\s*{setting.key}=", line) else line for line in lines
            ]
    return "\n".join(lines) + "\n"


def write(values: Mapping[str, str], path: Path = PATH) -> None:
    """Write the settings through ucf, which keeps a copy of what was there.

    The new text is made out of the file as it is, so the admin's own lines are already in it:
    ucf need not ask whose version to keep.
    """
    before = path.read_text("utf-8") if path.exists() else ""
    after = render(before, values)
    with tempfile.NamedTemporaryFile("w", prefix="teamhub.conf.", encoding="utf-8") as new:
        new.write(after)
        new.flush()
        os.fchmod(new.fileno(), 0o644)
        # ucf speaks to debconf in any case: in a maintainer script to the one that listens there,
        # on descriptors that it inherits from the script by way of us.
        for command in (
            ["ucf", "--debconf-ok", new.name, str(path)],
            ["ucfr", "teamhub", str(path)],
        ):
            done = subprocess.run(
                command,
                env={**os.environ, "UCF_FORCE_CONFFNEW": "1"},
                close_fds=False,
                check=False,
            )
            if done.returncode:
                raise CommandFailed(
                    f"{' '.join(command)}: exit status {done.returncode}",
                    f"look at the permissions of {path.parent}, then: dpkg --configure teamhub",
                )
