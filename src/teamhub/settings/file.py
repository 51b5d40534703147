"""The text of teamhub.conf: one KEY=value a line, in forms that all its readers take alike.

sh (`. file`), systemd (EnvironmentFile=), sed (maintscripts/config) and this module read it.  They
differ in quotes, backslashes, $ and spaces; what any of them would read otherwise is refused here,
with its line number.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from teamhub.system.remedies import retry_command
from teamhub.system.run import CommandFailed
from teamhub_shared import TeamhubError

PATH = Path("/etc/teamhub/teamhub.conf")
HEADING = """\
# Settings of teamhub.  Change a value, then type: teamhub apply
# It checks everything first, and restarts only what it has to; people's running servers live on.
# Each line is KEY=value or KEY="value".  What you write here is kept by upgrades.
"""

#: Plain words of sh, or anything but what sh or systemd treats specially, between quotes.
ASSIGNMENT = re.compile(
    r"""([A-Za-z_][A-Za-z0-9_]*)=(?:([A-Za-z0-9_./:,+@%-]*)|"([^"'\\$`]*)"|'([^"'\\$`]*)')"""
)


class BadLine(TeamhubError):
    """A line of teamhub.conf is not KEY=value."""


def parse(text: str, path: Path = PATH) -> dict[str, str]:
    """The values that the text of a teamhub.conf sets; the last line of a key wins.

    Raises BadLine for a line that is neither a comment nor KEY=value.
    """
    values = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip(" \t") and not is_comment(line):
            found = ASSIGNMENT.fullmatch(line)
            if not found or not line.isprintable():
                raise BadLine(
                    f"{path}, line {number}: {line!r} is not KEY=value",
                    'write it as KEY="value", with nothing around it and neither quote, $, `, \\ '
                    f"nor control character in it, then: {retry_command()}",
                )
            values[found[1]] = found[2] or found[3] or found[4] or ""
    return values


def is_comment(line: str) -> bool:
    """Whether sh and systemd both skip a line.

    To systemd a carriage return ends a line too, and a backslash at the end of a comment takes the
    next line into it (until 254).
    """
    return bool(re.fullmatch(r"[ \t]*#[^\r\0]*(?<!\\)", line))


def read_text(path: Path = PATH) -> str:
    """The text of the file, empty where there is none.  Raises BadLine when it is not UTF-8."""
    if not path.exists():
        return ""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        raise BadLine(
            f"{path}, line {number}: it is not in UTF-8", f"write it anew, then: {retry_command()}"
        ) from error


def line_of(key: str, text: str) -> int:
    """The number of the line that sets `key`; 0 where none does."""
    lines = text.split("\n")
    return max((n for n, line in enumerate(lines, 1) if line.startswith(f"{key}=")), default=0)


def render(text: str, values: Mapping[str, str], meanings: Mapping[str, str]) -> str:
    """`text` with every key of `values` at its value; all else in it stays as it is.

    A key that is not there yet is added, with its meaning as a comment.
    """
    present = parse(text)
    lines = (text or HEADING).removesuffix("\n").split("\n")
    for key, value in values.items():
        assignment = f'{key}="{value}"'
        if key not in present:
            lines += ["", *(f"# {line}" for line in meanings[key].splitlines()), assignment]
        elif present[key] != value:
            lines = [assignment if line.startswith(f"{key}=") else line for line in lines]
    return "\n".join(lines) + "\n"


def write(text: str, path: Path = PATH) -> None:
    """Write the file through ucf, which keeps a copy of what was there.

    `text` is made out of the file as it is, so the admin's own lines are already in it: ucf need
    not ask whose version to keep.
    """
    if path.exists() and path.read_bytes() == text.encode():
        return
    with tempfile.NamedTemporaryFile("w", prefix="teamhub.conf.", encoding="utf-8") as new:
        new.write(text)
        new.flush()
        os.fchmod(new.fileno(), 0o644)
        # ucf speaks to debconf in any case: in a maintainer script to the one that listens there,
        # on descriptors that it inherits from the script by way of us.  It first forgets what it
        # has seen: a text that it knows from before, it does not put over an edit made since.
        for command in (
            ["ucf", "--purge", str(path)],
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
                    f"look at the permissions of {path.parent}, then: {retry_command()}",
                )
