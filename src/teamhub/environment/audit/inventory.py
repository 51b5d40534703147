"""What is installed, by the names that advisories have for it.

conda's own names are in no advisory.  What a conda package is made of is told by its record
(`purls`), and by what every installer of an ecosystem leaves on the disk: a folder of metadata for
each Python package, a package.json for each of npm's.  So packages of any channel are found, and
pip's.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from teamhub.environment.audit.versions import DEBIAN, NPM, PYPI
from teamhub.environment.conda import packages
from teamhub.environment.pip_packages import distributions, name_and_version
from teamhub.environment.store.damaged import damaged
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import Layout
from teamhub_shared import ENVIRONMENTS, TeamhubError
from teamhub_shared.project_names import canonical_name

#: A package URL (https://github.com/package-url/purl-spec): type, name, version.
PURL = re.compile(r"pkg:(?P<type>\w+)/(?P<name>[^@?#]+)(?:@(?P<version>[^?#]+))?")
PURL_TYPES = {"pypi": PYPI, "npm": NPM, "deb": DEBIAN}
DISTRIBUTION = re.compile(r"(.*/site-packages/[^/]+\.dist-info)/METADATA")
NODE_MODULE = re.compile(r"(?:.*/)?node_modules/((?:@[^/]+/)?[^/@.][^/]*)/package\.json")

#: deb-control(5).  dpkg-query would take a dash in front for an option, and a * for all packages.
DEBIAN_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")

#: Where what is in no environment belongs: the server's own code.
OWN_CODE = "teamhub"

#: What to do about a package, by who brought it.
UPGRADE = "apt install --only-upgrade teamhub"
UPDATE = "teamhub env apply --update"
UPGRADE_DEBIAN = "apt upgrade"


class LostBill(TeamhubError):
    """The list of what the package is made of cannot be read."""


@dataclass(frozen=True)
class Installed:
    """One installed package, in the words of its ecosystem."""

    ecosystem: str
    #: Debian's number of the release whose package it is; empty elsewhere.
    release: str
    name: str
    version: str
    #: hub, user, or OWN_CODE.
    environment: str
    #: What brings another version of it.
    remedy: str


def installed(generation: Generation, layout: Layout) -> set[Installed]:
    """Every package of both environments of a generation, and of the server's own code.

    Raises DamagedStore for a record of conda's that cannot be read, LostBill.
    """
    found = set(own_code(layout.bill))
    shipped = packages.shipped_hashes(layout.channel)
    for environment in ENVIRONMENTS:
        found |= set(_of_prefix(generation.path / environment, environment, shipped, layout))
    return found


def _of_prefix(
    prefix: Path, environment: str, shipped: dict[Path, str], layout: Layout
) -> Iterator[Installed]:
    """The packages of one environment: conda's, then what anything else has put there."""
    brought: set[str] = set()
    for path, record in packages.records(prefix):
        if record is None:
            raise damaged(path, "it is no record of a package")
        file = layout.channel / record["subdir"] / str(record.get("fn"))
        is_ours = (
            environment == "hub"
            or packages.is_embedded(record.get("channel"), layout.channel)
            or shipped.get(file, "") == record.get("sha256")
        )
        remedy = UPGRADE if is_ours else UPDATE
        for ecosystem, name, version in _made_of(prefix, record):
            if ecosystem == DEBIAN:
                yield from _debian(name, environment)
            else:
                yield Installed(ecosystem, "", name, version, environment, remedy)
        brought |= {found[1] for found in map(DISTRIBUTION.fullmatch, record["files"]) if found}
    for folder, (name, version) in distributions(prefix).items():
        if folder not in brought:
            yield Installed(PYPI, "", name, version, environment, UPDATE)


def _made_of(prefix: Path, record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The packages of other ecosystems that a conda package has in it: ecosystem, name, version."""
    for purl in record.get("purls") or ():
        known = of_purl(str(purl))
        # Debian's packages have the version that apt gave them last
        if known and (known[2] or known[0] == DEBIAN):
            yield known
    for file in record["files"]:
        if distribution := DISTRIBUTION.fullmatch(file):
            yield (PYPI, *name_and_version(distribution[1]))
        elif module := NODE_MODULE.fullmatch(file):
            version = _version_of(prefix / file)
            if version:
                yield NPM, module[1], version


def of_purl(purl: str) -> tuple[str, str, str] | None:
    """The ecosystem, name and version that a package URL says; None for another ecosystem's.

    A version that it does not say is empty.
    """
    found = PURL.match(purl)
    if found is None or found["type"] not in PURL_TYPES:
        return None
    ecosystem = PURL_TYPES[found["type"]]
    name, version = unquote(found["name"]), unquote(found["version"] or "")
    if ecosystem == PYPI:
        name = canonical_name(name)
    elif ecosystem == DEBIAN:
        name = name.removeprefix("debian/")
    return ecosystem, name, version


def _version_of(manifest: Path) -> str:
    """The version in a package.json; empty where it has none, as one made for a test may have."""
    try:
        said = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    version = said.get("version") if isinstance(said, dict) else None
    return version if isinstance(version, str) else ""


def _debian(package: str, environment: str) -> Iterator[Installed]:
    """A Debian package that an environment stands over, as the server has it now."""
    if DEBIAN_NAME.fullmatch(package) is None:
        return
    # the advisories of Debian name source packages
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${source:Package} ${source:Version}\n", package],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in shown.stdout.splitlines():
        name, version = line.split()
        release = platform.freedesktop_os_release().get("VERSION_ID", "")
        yield Installed(DEBIAN, release, name, version, environment, UPGRADE_DEBIAN)


def own_code(bill: Path) -> Iterator[Installed]:
    """What the server's own code brings along (py-rattler), of the package's bill of materials.

    There the conda packages are components too, and what they are made of is inside them.
    """
    try:
        components = json.loads(bill.read_bytes())["components"]
        known = [of_purl(component["purl"]) for component in components]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise LostBill(
            f"{bill} cannot be read, which says what teamhub is made of",
            "get it again: apt install --reinstall teamhub",
        ) from error
    for each in known:
        if each and each[0] == PYPI:
            yield Installed(PYPI, "", each[1], each[2], OWN_CODE, UPGRADE)
