"""The order of versions, as each ecosystem of packages has it."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Callable

from packaging.version import InvalidVersion, Version

PYPI, NPM, DEBIAN = "PyPI", "npm", "Debian"

#: The longest version that is looked at, as node-semver has it: what is longer was made to waste
#: time.
LONGEST = 256

#: Semantic Versioning 2.0; `+` and what follows has no part in the order.
SEMVER = re.compile(
    r"([0-9]+)\.([0-9]+)\.([0-9]+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
)
#: deb-version(7).  dpkg would take a word with a dash in front for an option.
DEBIAN_VERSION = re.compile(r"(?:[0-9]+:)?[0-9][A-Za-z0-9.+~-]*")


class NotAVersion(ValueError):
    """A word is no version in its ecosystem, so it has no place in the order."""


def compare(ecosystem: str, one: str, other: str) -> int:
    """Less than 0 where one version comes before the other, 0 where they are the same.

    Raises NotAVersion.
    """
    for version in (one, other):
        if len(version) > LONGEST:
            raise NotAVersion(f"{version[:20]}... is longer than {LONGEST} characters")
    return COMPARE[ecosystem](one, other)


def compare_python(one: str, other: str) -> int:
    """PEP 440's order."""
    first, second = python_version(one), python_version(other)
    return (first > second) - (first < second)


@functools.cache
def python_version(version: str) -> Version:
    """A version of a Python package."""
    try:
        return Version(version)
    except InvalidVersion as error:
        raise NotAVersion(f"{version!r} is no version of PEP 440") from error


def compare_semver(one: str, other: str) -> int:
    """Semantic Versioning's order (its section 11), as npm has it."""
    first, second = semver(one), semver(other)
    return (first > second) - (first < second)


def semver(version: str) -> tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]:
    """What semantic versions are ordered by."""
    found = SEMVER.fullmatch(version)
    if found is None:
        raise NotAVersion(f"{version!r} is no semantic version")
    major, minor, patch = map(int, found.group(1, 2, 3))
    # a version before its release is older than the release; numbers come before words
    before = found[4].split(".") if found[4] else []
    words = tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in before)
    return major, minor, patch, not before, words


@functools.cache
def compare_debian(one: str, other: str) -> int:
    """dpkg's own order."""
    for version in (one, other):
        if DEBIAN_VERSION.fullmatch(version) is None:
            raise NotAVersion(f"{version!r} is no version of a Debian package")
    for operator, sign in (("lt", -1), ("gt", 1)):
        command = ["dpkg", "--compare-versions", one, operator, other]
        if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return sign
    return 0


COMPARE: dict[str, Callable[[str, str], int]] = {
    PYPI: compare_python,
    NPM: compare_semver,
    DEBIAN: compare_debian,
}
