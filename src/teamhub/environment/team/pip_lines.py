"""The entries of the `pip:` list, which pip reads as the lines of a requirements file."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

#: The options that such a line can be (pip's documentation of the format).
OPTIONS = (
    *("-i", "--index-url", "--extra-index-url", "--no-index", "-c", "--constraint"),
    *("-r", "--requirement", "-e", "--editable", "-f", "--find-links", "--no-binary"),
    *("--only-binary", "--prefer-binary", "--require-hashes", "--pre", "--trusted-host"),
    *("--use-feature",),
)
#: Those by which a package may be built from source, or a file of the admin's may say so.
BUILDING = ("--no-binary", "-e", "--editable", "-r", "--requirement")
OPTION = re.compile(r"--[a-z-]+|-[a-z]")
NAMES = re.compile(r":all:|:none:|[A-Za-z0-9][\w.-]*(,[A-Za-z0-9][\w.-]*)*", re.ASCII)
#: A package by its place: a URL, a path, or NAME @ URL.
PLACE = re.compile(
    r"(?:[\w.-]+(?:\[[^\]]*\])?\s*@\s*)?(?P<place>[a-z][a-z+]*:\S+|[^\s;@]*/\S*)", re.ASCII
)


def option(line: str) -> str | None:
    """The option that a line begins with; None for a package's."""
    if not line.startswith("-"):
        return None
    found = OPTION.match(line)
    return found[0] if found else line.split()[0]


def fault(line: str) -> str:
    """Why a line cannot be meant; empty if it can."""
    name = option(line)
    if name is None:
        return ""
    if name not in OPTIONS:
        return f"pip has no option {name} for a list of packages"
    value = line.removeprefix(name).strip().removeprefix("=").strip()
    if name == "--no-binary" and not NAMES.fullmatch(value):
        return (
            "`--no-binary` needs the names of the packages that pip may build from source, "
            "such as `--no-binary some-thing,other`"
        )
    return ""


def lets_build(line: str) -> bool:
    """Whether a package may be built from source because of a line, which runs the package's code.

    That is `--no-binary`, and a package that is named by a place where there is no wheel.
    """
    name = option(line)
    if name is not None:
        return name in BUILDING
    found = PLACE.match(line)
    return found is not None and not is_wheel(found["place"])


def is_wheel(place: str) -> bool:
    """Whether a URL or a path is a wheel's."""
    return urlsplit(place).path.endswith(".whl")
