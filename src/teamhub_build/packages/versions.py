"""PEP 440's version specifiers in conda's language."""

from __future__ import annotations

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import Version


def conda_version_spec(specifiers: SpecifierSet) -> str:
    """The conda version spec that accepts what `specifiers` accept; empty for "any version".

    Final releases are accepted by both or by neither.  A pre-release or a post-release that PEP 440
    accepts, conda accepts too.  Local versions (`1.0+local`) are not considered: PyPI has none.
    """
    return ",".join(sorted(_conda_clause(specifier) for specifier in specifiers))


def conda_spec(name: str, specifiers: SpecifierSet) -> str:
    """A conda match spec, such as "numpy >=1.26"."""
    return f"{name} {conda_version_spec(specifiers)}".strip()


def _conda_clause(specifier: Specifier) -> str:
    operator, version = specifier.operator, specifier.version
    if operator == "===":
        return f"=={version}"
    if operator == "~=":
        return f">={version},{_series(Version(version))}"
    if operator == "==" and version.endswith(".*"):
        return version
    if operator == "<" and _excludes_prereleases(Version(version)):
        # conda puts 2.0a0 under 2.0, and accepts it for <2.0 where PEP 440 does not
        return f"<{version}a0"
    return f"{operator}{version}"


def _series(version: Version) -> str:
    """What `~=` keeps: the release without its last number, such as "1.4.*" for 1.4.5."""
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join(map(str, version.release[:-1])) + ".*"


def _excludes_prereleases(version: Version) -> bool:
    return not version.is_prerelease and not version.is_postrelease
