"""The text of teamhub.conf: one KEY=value a line, in forms that all its readers take alike.

sh (`. file`), systemd (EnvironmentFile=), sed (maintscripts/config) and this module read it.  They
differ in quotes, backslashes, $ and spaces; what any of them would read otherwise is refused here,
with its line number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from teamhub.system.remedies import retry_command
from teamhub_shared import TeamhubError
from teamhub_shared.rules import TEXT

HEADING = """\
# Settings of teamhub.  Change a value, then type: teamhub apply
# It checks everything first, and restarts only what it has to; people's running servers live on.
# Each line is KEY=value or KEY="value".  What you write here is kept by upgrades.
"""

#: Plain words of sh, or between quotes anything but what sh or systemd treats specially.
ASSIGNMENT = re.compile(
    rf"""([A-Za-z_][A-Za-z0-9_]*)=(?:([A-Za-z0-9_./:,+@%-]*)|"({TEXT})"|'({TEXT})')"""
)


class BadLine(TeamhubError):
    """A line of teamhub.conf is not KEY=value."""


def parse(text: str, name: str | Path = "teamhub.conf") -> dict[str, str]:
    """The values that the text of a teamhub.conf sets; the last line of a key wins.

    Raises BadLine for a line that is neither a comment nor KEY=value; `name` is that of the file.
    """
    values = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip(" \t") and not is_comment(line):
            found = ASSIGNMENT.fullmatch(line)
            if not found:
                raise BadLine(
                    f"{name}, line {number}: {line!r} is not KEY=value",
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
