"""A wheel's metadata, and the conda package that it becomes."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packageurl import PackageURL
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename

from teamhub_build.packages.conda_file import CondaPackage
from teamhub_build.packages.left_out import PROJECTS
from teamhub_build.packages.names import conda_name
from teamhub_build.packages.versions import conda_spec
from teamhub_build.suites import Suite
from teamhub_shared import TeamhubError


class WheelError(TeamhubError):
    """A wheel cannot become a conda package."""


@dataclass(frozen=True)
class Wheel:
    """One wheel file (PEP 427)."""

    path: Path

    @cached_property
    def project(self) -> NormalizedName:
        """PyPI's name of it, in canonical form."""
        return parse_wheel_filename(self.path.name)[0]

    @cached_property
    def metadata(self) -> Metadata:
        """The core metadata.  Raises WheelError where there is none that can be read."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                (member,) = (
                    name
                    for name in archive.namelist()
                    if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)
                )
                return Metadata.from_email(archive.read(member), validate=False)
        except (ValueError, zipfile.BadZipFile) as error:
            raise WheelError(
                f"{self.path.name} has no readable metadata: {error}",
                f"delete {self.path} and build again, which fetches it anew",
            ) from error

    @cached_property
    def sha256(self) -> str:
        """The hexadecimal hash of the file."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @property
    def platforms(self) -> frozenset[str]:
        """The platform tags, such as "any" or "manylinux_2_17_x86_64"."""
        return frozenset(tag.platform for tag in self._tags)

    @property
    def is_pure(self) -> bool:
        """Whether it runs on any machine."""
        return self.platforms == {"any"}

    @property
    def fits_any_python(self) -> bool:
        """Whether no extension module in it needs one minor version of Python (abi3, or none)."""
        return all(tag.abi in ("none", "abi3") for tag in self._tags)

    @property
    def glibc(self) -> str | None:
        """The oldest glibc that it runs on, such as "2.17" (PEP 600); None when it needs none."""
        minors = [glibc_minor(platform) for platform in self.platforms]
        oldest = min((minor for minor in minors if minor is not None), default=None)
        return None if oldest is None else f"2.{oldest}"

    @cached_property
    def _tags(self) -> frozenset[Tag]:
        return parse_wheel_filename(self.path.name)[3]


def conda_package(wheel: Wheel, wheels: Mapping[str, Wheel], suite: Suite) -> CondaPackage:
    """What the solver gets to know about `wheel` on `suite`.

    `wheels` are all that the channel gets, by project: extras are looked up there.
    Raises WheelError where a required extra's project is not among them.
    """
    major, minor = suite.python.split(".")
    python = f"cp{major}{minor}"
    depends = {
        conda_spec(conda_name(requirement.name), requirement.specifier)
        for requirement in run_requirements(wheel, wheels, suite)
    }
    # Every package is of one minor version, also a pure one: the bytecode inside it is.
    depends.add(f"python >={suite.python},<{suite.next_python}.0a0")
    if not wheel.fits_any_python:
        depends.add(f"python_abi {suite.python}.* *_{python}")
    if wheel.glibc:
        depends.add(f"__glibc >={wheel.glibc},<3.0.a0")
    _, version, build_tag, _ = parse_wheel_filename(wheel.path.name)
    build_number = build_tag[0] if build_tag else 0
    return CondaPackage(
        name=conda_name(wheel.project),
        version=str(version),
        build=f"py{major}{minor}_{build_number}",
        build_number=build_number,
        subdir="noarch" if wheel.is_pure else "linux-64",
        noarch="python" if wheel.fits_any_python else None,
        depends=tuple(sorted(depends)),
        license=licence_of(wheel.metadata),
        summary=wheel.metadata.summary or "",
        purls=(PackageURL("pypi", name=wheel.project, version=str(version)).to_string(),),
    )


def run_requirements(
    wheel: Wheel, wheels: Mapping[str, Wheel], suite: Suite
) -> Iterator[Requirement]:
    """The requirements of `wheel` that hold on `suite`.

    conda has no extras: a requirement on `jsonschema[format]` brings what `format` stands for.
    """
    environment = marker_environment(suite)
    seen: set[tuple[str, str]] = set()

    def active(project: str, extra: str) -> Iterator[Requirement]:
        if (project, extra) in seen:
            return
        seen.add((project, extra))
        if project not in wheels:
            raise WheelError(
                f"{wheel.path.name} needs {project}[{extra}], which is not among the pinned wheels",
                "renew the pins with `make lock`",
            )
        for requirement in wheels[project].metadata.requires_dist or ():
            if _holds(requirement, environment, extra):
                required = canonicalize_name(requirement.name)
                if extra and required in PROJECTS:
                    continue
                if required != wheel.project:
                    yield requirement
                for required_extra in sorted(requirement.extras):
                    yield from active(required, canonicalize_name(required_extra))

    yield from active(wheel.project, "")


def marker_environment(suite: Suite) -> dict[str, str]:
    """What environment markers see on `suite` (PEP 508), whatever machine builds."""
    return {
        "implementation_name": "cpython",
        "implementation_version": suite.python_version,
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": suite.python_version,
        "python_version": suite.python,
        "sys_platform": "linux",
    }


def glibc_minor(platform: str) -> int | None:
    """The x of the glibc 2.x that a platform tag promises to run on; None for another platform."""
    aliases = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}
    if found := re.match(r"manylinux_2_(\d+)_", platform):
        return int(found[1])
    return aliases.get(platform.partition("_")[0])


def _holds(requirement: Requirement, environment: dict[str, str], extra: str) -> bool:
    """Whether `extra` (empty: the project itself) asks for `requirement`."""
    if requirement.marker is None:
        return not extra
    with_extra = requirement.marker.evaluate(environment | {"extra": extra})
    return with_extra and not (extra and requirement.marker.evaluate(environment | {"extra": ""}))


def licence_of(metadata: Metadata) -> str:
    """An SPDX expression, or the old free text where it is short enough to be a name.

    Else the last words of PyPI's classifiers, such as "BSD License".
    """
    licence = metadata.license_expression or metadata.license or ""
    if licence not in ("", "UNKNOWN") and len(licence) < 80 and "\n" not in licence:
        return licence
    classifiers = [each for each in metadata.classifiers or () if each.startswith("License ::")]
    return ", ".join(each.rpartition(" :: ")[2] for each in classifiers)
